"""`icesync schema`: JSON Schemas of what icesync reads and writes."""

import json
from typing import Final

import click

from icesync.runtime import Runtime

_DOCUMENTS: Final = ("config", "plan", "report", "snapshot", "doctor", "tokens")


@click.command()
@click.argument("document", type=click.Choice(_DOCUMENTS), default="config")
@click.pass_obj
def schema(runtime: Runtime, document: str) -> int:
    """Print the JSON Schema of the desired state (config), a saved plan, a report, a snapshot, what doctor
    finds, or how tokens stand.

    For editors: `icesync schema > icesync.schema.json`.
    """
    from icesync.config.schema import json_schema
    from icesync.documents import checkupfile, planfile, reportfile, snapshotfile, tokensfile

    makers = {
        "config": json_schema,
        "plan": planfile.json_schema,
        "report": reportfile.json_schema,
        "snapshot": snapshotfile.json_schema,
        "doctor": checkupfile.json_schema,
        "tokens": tokensfile.json_schema,
    }
    runtime.console.result(json.dumps(makers[document](), indent=2, ensure_ascii=False))
    return 0
