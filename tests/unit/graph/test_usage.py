"""What the API's headers tell of usage: every documented form, and what nobody should send."""

import json
from math import isfinite
from typing import Any

import pytest

from icesync.graph.usage import UNUSED, Usage, told_wait, usage

ACME = "17841400000000001"
YEAR = 525_600.0


def entry(calls: object = 0, time: object = 0, cpu: object = 0, regain: object = 0) -> dict[str, Any]:
    return {
        "type": "messenger",
        "call_count": calls,
        "total_time": time,
        "total_cputime": cpu,
        "estimated_time_to_regain_access": regain,
    }


def app(document: object) -> dict[str, str]:
    return {"x-app-usage": document if isinstance(document, str) else json.dumps(document)}


def business(document: object) -> dict[str, str]:
    text = document if isinstance(document, str) else json.dumps(document)
    return {"x-business-use-case-usage": text}


@pytest.mark.parametrize("headers", [{}, {"content-type": "application/json"}, {"retry-after": "7"}])
def test_without_a_header_nothing_is_used(headers: dict[str, str]) -> None:
    assert usage(headers, ACME) == UNUSED == Usage(0.0, 0.0, None)


@pytest.mark.parametrize(
    ("told", "percent"),
    [
        ({"call_count": 28, "total_time": 25, "total_cputime": 26}, 28.0),
        ({"call_count": 28, "total_time": 99, "total_cputime": 26}, 99.0),
        ({"call_count": 28, "total_time": 25, "total_cputime": 100}, 100.0),
        ({"call_count": 80.5}, 80.5),
        ({"call_count": 130}, 130.0),
        ({"acc_id_util_pct": 99}, 0.0),
        ({}, 0.0),
    ],
)
def test_the_highest_counter_is_the_usage_of_the_app(told: object, percent: float) -> None:
    assert usage(app(told), ACME) == Usage(percent, 0.0, None)


@pytest.mark.parametrize(
    "told",
    [
        {ACME: [entry(80, 10, 10)]},
        {ACME: [entry(10, 80, 10)]},
        {ACME: [entry(10, 10, 80)]},
        {ACME: [entry(10), entry(80), entry(20)]},
        {ACME: entry(80)},
        {ACME: [entry(80)], "999": [entry(99)]},
        {"999": [entry(99, regain=7)], ACME: entry(80)},
        {"999": [entry(80)]},
        {"999": entry(80), "998": [entry(7)]},
    ],
    ids=[
        "calls",
        "time",
        "cpu",
        "several entries",
        "an object where a list is documented",
        "another account beside it",
        "another account before it",
        "the business of the account",
        "two businesses",
    ],
)
def test_usage_of_an_account_is_what_is_told_under_its_id_or_else_of_its_business(told: object) -> None:
    assert usage(business(told), ACME) == Usage(0.0, 80.0, None)


def test_usage_of_the_account_that_is_me_is_all_that_is_told() -> None:
    assert usage(business({ACME: [entry(81)]}), "me") == Usage(0.0, 81.0, None)


def test_app_and_account_are_told_apart() -> None:
    headers = {**app({"call_count": 76}), **business({ACME: [entry(83)]})}

    assert usage(headers, ACME) == Usage(76.0, 83.0, None)


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 60.0), (0.5, 30.0), (59, 3540.0)])
def test_what_regains_access_in_minutes_is_closed_for_as_many_times_60_seconds(
    minutes: float, seconds: float
) -> None:
    assert usage(business({ACME: [entry(100, regain=minutes)]}), ACME) == Usage(0.0, 100.0, seconds)


@pytest.mark.parametrize("calls", [0, 40, 250, None])
def test_who_is_told_when_access_comes_back_has_used_everything(calls: object) -> None:
    assert usage(business({ACME: [entry(calls, regain=5)]}), ACME) == Usage(0.0, 100.0, 300.0)


def test_the_longest_of_several_times_counts() -> None:
    told = {ACME: [entry(regain=1), entry(regain=9), entry(regain=3)]}

    assert usage(business(told), ACME).regain == 540.0


NONSENSE = [
    "",
    "x",
    "null",
    "7",
    "[]",
    "{",
    '"text"',
    "[" * 100_000,
    '{"a": ' * 100_000,
    "{}",
    f'{{"{ACME}": null}}',
    f'{{"{ACME}": 7}}',
    f'{{"{ACME}": [7, null, "x", []]}}',
    f'{{"{ACME}": [[{{"call_count": 99}}]]}}',
    f'{{"{ACME}": [{{}}]}}',
    '{"call_count": "99"}',
    '{"call_count": true, "total_time": null, "total_cputime": [99]}',
    '{"call_count": ' + "9" * 5000 + "}",
    "\ud800",
    "\x00",
]


@pytest.mark.parametrize("header", NONSENSE, ids=lambda text: repr(text)[:30])
def test_a_header_that_makes_no_sense_tells_nothing(header: str) -> None:
    assert usage({**app(header), **business(header)}, ACME) == UNUSED
    assert told_wait(business(header), ACME) is None


@pytest.mark.parametrize("number", ["NaN", "-1", "-1e999", "-Infinity", "null", "true", '"5"', "[5]", "{}"])
def test_what_is_no_number_above_zero_counts_as_zero(number: str) -> None:
    counters = f'{{"call_count": {number}, "total_time": 3, "estimated_time_to_regain_access": {number}}}'

    assert usage({**app(counters), **business(f'{{"{ACME}": {counters}}}')}, ACME) == Usage(3.0, 3.0, None)
    assert told_wait(business(f'{{"{ACME}": {counters}}}'), ACME) is None


@pytest.mark.parametrize("number", ["1e999", "Infinity", "1" + "0" * 400, "1" + "0" * 4000, "1e300"])
def test_a_number_without_end_is_only_large(number: str) -> None:
    counters = f'{{"call_count": {number}}}'
    regain = f'{{"{ACME}": [{{"estimated_time_to_regain_access": {number}}}]}}'

    assert usage(app(counters), ACME).app == YEAR
    assert usage(business(f'{{"{ACME}": [{counters}]}}'), ACME).account == YEAR
    assert usage(business(regain), ACME).regain == told_wait(business(regain), ACME) == YEAR * 60


@pytest.mark.parametrize("digits", ["31536001", "9" * 20, "9" * 400, "9" * 50_000], ids=len)
def test_a_retry_after_without_end_is_only_long(digits: str) -> None:
    wait = told_wait({"retry-after": digits}, ACME)

    assert wait is not None
    assert isfinite(wait)
    assert wait == YEAR * 60


@pytest.mark.parametrize("after", ["", "-1", "1.5", "1e3", "٣", "²", "soon", "Mon, 23 Nov 2026 03:09:11 GMT"])
def test_a_retry_after_that_is_no_count_of_seconds_tells_no_wait(after: str) -> None:
    assert told_wait({"retry-after": after}, ACME) is None


def test_a_wait_is_the_longest_that_any_entry_tells() -> None:
    told = {"1": [entry(regain=2), entry(regain=1)], "2": entry(regain=3)}

    assert told_wait({**business(told), "retry-after": "7"}, ACME) == 180.0
    assert told_wait({**business(told), "retry-after": "700"}, ACME) == 700.0


def test_what_is_told_of_another_account_is_not_told_of_this_one() -> None:
    other = '"17841400000000999": [{"call_count": 99, "estimated_time_to_regain_access": 500}]'
    own = f'"{ACME}": [{{"call_count": 80, "estimated_time_to_regain_access": 42}}]'

    assert usage(business(f"{{{other}}}"), ACME) == UNUSED
    assert told_wait(business(f"{{{other}, {own}}}"), ACME) == 42 * 60
    assert told_wait(business(f"{{{other}}}"), ACME) is None
