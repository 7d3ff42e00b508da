"""What is wrong in a checkup, each cause once, however many accounts have it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from icesync.model import Checkup, Finding, GraphFailure, Requirement, Verdict

GRAVITY: Final = (Verdict.UNTOLD, Verdict.WARNING, Verdict.UNKNOWN, Verdict.BAD)


@dataclass(slots=True)
class Ailment:
    """One cause. `told`: what is said of it, and of which accounts. `traced` is the account that `trace` is
    from; `not_before` the latest time of all, where time is what it takes."""

    verdict: Verdict
    failure: GraphFailure
    requirements: list[Requirement] = field(default_factory=list)
    told: dict[str, dict[str, None]] = field(default_factory=dict)
    trace: str = ""
    traced: str = ""
    not_before: str = ""

    @property
    def names(self) -> Mapping[str, Sequence[str]]:
        """The accounts, by what is told of them, in their order."""
        return {message: list(names) for message, names in self.told.items()}

    def add(self, finding: Finding, failure: GraphFailure, name: str) -> None:
        if finding.requirement not in self.requirements:
            self.requirements.append(finding.requirement)
        names = self.told.setdefault(failure.message, {})
        if name:
            names[name] = None
        if failure.trace and not self.trace:
            self.trace, self.traced = failure.trace, name
        self.not_before = max(self.not_before, failure.not_before or "")


def ailments(found: Checkup) -> Sequence[Ailment]:
    """The gravest last."""
    causes: dict[tuple[object, ...], Ailment] = {}
    told = [("", found.version)]
    told += [(each.account.name, finding) for each in found.examinations for finding in each.findings]
    for name, finding in told:
        if (failure := finding.failure) is not None:
            cause = (finding.verdict, failure.kind, failure.code, failure.subcode, failure.hint)
            ailment = causes.setdefault(cause, Ailment(finding.verdict, failure))
            ailment.add(finding, failure, name)
    order = list(Requirement)
    for ailment in causes.values():
        ailment.requirements.sort(key=order.index)
    return sorted(
        causes.values(), key=lambda each: (GRAVITY.index(each.verdict), order.index(each.requirements[0]))
    )
