"""Plans, reports and checkups for machines: the documents that are also saved."""

from icesync.diff import edits
from icesync.documents import checkupfile, planfile, reportfile, tokensfile
from icesync.model import Checkup, Plan, Report, TokenReport
from icesync.render.look import Look


def plan(plan: Plan, _: Look) -> str:
    return planfile.dumps(plan, edits)


def report(report: Report, _: Look) -> str:
    return reportfile.dumps(report)


def checkup(found: Checkup, _: Look) -> str:
    return checkupfile.dumps(found)


def tokens(report: TokenReport, _: Look) -> str:
    return tokensfile.dumps(report)
