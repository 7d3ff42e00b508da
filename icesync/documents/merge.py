"""One plan of the plans of shards, one report of their reports. Owns what they must agree in."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Final, Protocol, TypeVar

from icesync.errors import StalePlan, UsageError
from icesync.model import Account, Forecast, Limits, Plan, Report

RUN_SEPARATOR: Final = ", "


class AboutAccount(Protocol):
    @property
    def account(self) -> Account: ...


Entry = TypeVar("Entry", bound=AboutAccount)


def merged(found: Mapping[str, Plan | Report]) -> Plan | Report:
    """The plans or the reports of these files (by file name, at least one) as one.

    Raises UsageError where they are mixed.
    """
    plans_found = {file: value for file, value in found.items() if isinstance(value, Plan)}
    reports_found = {file: value for file, value in found.items() if isinstance(value, Report)}
    if plans_found and reports_found:
        plan, report = next(iter(plans_found)), next(iter(reports_found))
        raise UsageError(f"{plan} is a plan and {report} a report: only files of one kind can be merged")
    return plans(plans_found) if plans_found else reports(reports_found)


def plans(found: Mapping[str, Plan]) -> Plan:
    """One plan of the plans in these files. It is as old as the oldest of them.

    Raises StalePlan where they were not made from the same files and API, UsageError where an account
    stands in two of them.
    """
    (first_file, first), *others = found.items()
    for file, plan in others:
        if plan.desired != first.desired:
            raise StalePlan(f"{first_file} and {file} were made from different files: make new plans")
        if plan.api != first.api:
            raise StalePlan(f"{first_file} and {file} were made against different APIs: make new plans")
    _check_apart({file: [*plan.writes, *plan.unreadable] for file, plan in found.items()})
    whole = found.values()
    return replace(
        first,
        changes=_by_name(plan.changes for plan in whole),
        subscriptions=_by_name(plan.subscriptions for plan in whole),
        unreadable=_by_name(plan.unreadable for plan in whole),
        unchanged=sum(plan.unchanged for plan in whole),
        unmanaged=sum(plan.unmanaged for plan in whole),
        created=min(plan.created for plan in whole),
        forecast=_forecast(whole),
        limits=_agreed(plan.limits for plan in whole),
        warnings=tuple(sorted({warning for plan in whole for warning in plan.warnings})),
        against=min(
            (plan.against for plan in whole if plan.against), key=lambda each: each.created, default=None
        ),
    )


def reports(found: Mapping[str, Report]) -> Report:
    """One report of the reports in these files, from the first start to the last end; `run` names
    every run. Raises UsageError where an account stands in two of them."""
    _check_apart({file: report.outcomes for file, report in found.items()})
    whole = found.values()
    runs = {run for report in whole for run in report.run.split(RUN_SEPARATOR)}
    return Report(
        run=RUN_SEPARATOR.join(sorted(runs - {""})),
        started=min(report.started for report in whole),
        finished=max(report.finished for report in whole),
        outcomes=_by_name(report.outcomes for report in whole),
        unchanged=sum(report.unchanged for report in whole),
    )


def _forecast(found: Iterable[Plan]) -> Forecast | None:
    """What all of them cost; None where one that has something to do does not tell."""
    told = [plan.forecast for plan in found if plan.changes or plan.forecast]
    known = [forecast for forecast in told if forecast is not None]
    if not known or len(known) < len(told):
        return None
    times = [forecast.not_before for forecast in known if forecast.waiting]
    return Forecast(
        calls=sum(forecast.calls for forecast in known),
        waiting=sum(forecast.waiting for forecast in known),
        # One that never has room outlasts them all.
        not_before=None if None in times else max(filter(None, times), default=None),
    )


def _agreed(found: Iterable[Limits | None]) -> Limits | None:
    """The limits where all have the same, else None."""
    distinct = set(found)
    return distinct.pop() if len(distinct) == 1 else None


def _by_name(parts: Iterable[Iterable[Entry]]) -> tuple[Entry, ...]:
    return tuple(sorted(chain.from_iterable(parts), key=lambda entry: entry.account.name))


def _check_apart(found: Mapping[str, Iterable[AboutAccount]]) -> None:
    """Parts of one fleet share no account."""
    seen: dict[str, str] = {}
    for file, entries in found.items():
        for name in (entry.account.name for entry in entries):
            if seen.setdefault(name, file) != file:
                where = f"{seen[name]} and in {file}"
                raise UsageError(f"the account {name!r} stands in {where}: name each part of the fleet once")
