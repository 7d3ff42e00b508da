"""`icesync schema`: JSON Schemas of what icesync reads and writes."""

import json

import click

from icesync.runtime import Runtime


@click.command()
@click.argument(
    "document", type=click.Choice(["config", "plan", "report", "snapshot", "doctor"]), default="config"
)
@click.pass_obj
def schema(runtime: Runtime, document: str) -> int:
    """Print the JSON Schema of the desired state (config), a saved plan, a report, a snapshot, or what doctor
    finds.

    For editors: `icesync schema > icesync.schema.json`.
    """
    from icesync.config.schema import json_schema
    from icesync.documents import checkupfile, planfile, reportfile, snapshotfile

    makers = {
        "config": json_schema,
        "plan": planfile.json_schema,
        "report": reportfile.json_schema,
        "snapshot": snapshotfile.json_schema,
        "doctor": checkupfile.json_schema,
    }
    runtime.console.result(json.dumps(makers[document](), indent=2, ensure_ascii=False))
    return 0
