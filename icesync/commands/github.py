"""`icesync github`: what a step of action.yml runs."""

import click

from icesync.github.inputs import COMMANDS
from icesync.runtime import Runtime


@click.command()
@click.argument("command", type=click.Choice(list(COMMANDS)))
@click.pass_obj
def github(runtime: Runtime, command: str) -> int:
    """Run COMMAND as a step of a GitHub workflow.

    Everything else comes from the environment: INPUT_* as action.yml sets them, GITHUB_* as the runner
    does. Mistakes in the files become annotations, the result a job summary, a comment on the pull
    request, or the drift issue.
    """
    from icesync.github import job

    return job.run(runtime, command)
