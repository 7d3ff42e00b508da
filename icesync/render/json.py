"""Plans and reports for machines: the documents that are also saved."""

from icesync.diff import edits
from icesync.documents import planfile, reportfile
from icesync.model import Plan, Report
from icesync.render.look import Look


def plan(plan: Plan, _: Look) -> str:
    return planfile.dumps(plan, edits)


def report(report: Report, _: Look) -> str:
    return reportfile.dumps(report)
