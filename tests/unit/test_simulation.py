"""The simulation that the day of a fleet is judged by: its time, its counting, its bounds."""

import asyncio
import time

import httpx
import pytest

from tests.support.simulation import (
    BACK,
    HOUR,
    THERE,
    Arrival,
    Phase,
    SimulatedApi,
    VirtualClock,
    Wire,
    allowed,
    earliest,
    simulate,
    slope,
    spread,
)

ID = "17841400000000001"
URL = f"http://127.0.0.1/v24.0/{ID}/messenger_profile?fields=ice_breakers"


def request() -> httpx.Request:
    return httpx.Request("GET", URL, headers={"authorization": f"Bearer sandbox-{ID}"})


def called_at(*seconds: float) -> tuple[SimulatedApi, Wire]:
    """An API that got a call at about each of these seconds."""

    async def call(wire: Wire, second: float) -> None:
        await asyncio.sleep(second)
        assert (await wire.handle_async_request(request())).json() == {"data": []}

    async def calls() -> tuple[SimulatedApi, Wire]:
        api = SimulatedApi(VirtualClock(), users=1)
        wire = Wire(api, seed=1)
        await asyncio.gather(*(call(wire, second) for second in seconds))
        return api, wire

    return simulate(calls())


def test_a_day_passes_at_once_and_everybody_wakes_when_due() -> None:
    clock, woken = VirtualClock(), []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((clock.monotonic(), clock.now().hour))

    async def night() -> None:
        await asyncio.gather(sleeper(23 * HOUR), sleeper(HOUR), sleeper(2 * HOUR))

    began = time.monotonic()
    simulate(night())
    assert time.monotonic() - began < 5
    assert woken == [(HOUR, 1), (2 * HOUR, 2), (23 * HOUR, 23)]


def test_who_waits_for_nothing_is_told() -> None:
    async def stuck() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="no timer"):
        simulate(stuck())


def test_the_eleventh_call_in_ten_minutes_is_one_too_many() -> None:
    api, wire = called_at(*range(0, 550, 50), 700)
    assert api.exceeded == [wire.arrivals[10]]


def test_ten_calls_in_any_ten_minutes_are_none_too_many() -> None:
    api, wire = called_at(*range(10), *range(602, 612))
    assert len(wire.arrivals) == 20
    assert api.exceeded == []


def test_the_app_is_told_what_it_used_in_the_last_hour() -> None:
    api, _ = called_at(0, 10, 3000)
    assert [api.usage(at) for at in (5, 3100, 3605, 9000)] == [0.5, 1.5, 1.0, 0.0]


@pytest.mark.parametrize(
    ("spent", "calls", "expected"),
    [
        ([], 10, 700.0),
        ([], 11, 1300.0),
        ([100.0 + n for n in range(10)], 1, 700.0),
        ([150.0 + n for n in range(10)], 1, 750.0),
        ([150.0 + n for n in range(10)], 3, 752.0),
        ([0.0, 690.0, 691.0], 8, 700.0),
        ([0.0, 690.0, 691.0], 9, 1290.0),
    ],
)
def test_an_account_has_room_again_when_its_calls_are_ten_minutes_old(
    spent: list[float], calls: int, expected: float
) -> None:
    assert earliest(spent, calls, start=700.0) == expected


@pytest.mark.parametrize(
    ("percent", "rate"), [(0, 100), (75, 100), (76, 100), (80, 16), (85, 4), (94.9999, 1), (95, 0), (120, 0)]
)
def test_usage_slows_the_app_down(percent: float, rate: float) -> None:
    assert allowed(percent, 100) == pytest.approx(rate, rel=1e-3)


def test_calls_spread_at_a_rate_that_changes() -> None:
    assert spread(25, lambda second: 10 if second != 1 else 0) == 3.5
    assert spread(0, lambda second: 0) == 0


def test_a_slope_is_level_at_its_ends() -> None:
    line = slope([(10, 1), (20, 3)])
    assert [line(at) for at in (0, 10, 15, 20, 30)] == [1, 1, 2, 3, 3]


def test_the_bound_of_a_phase_is_what_its_accounts_and_its_pace_demand() -> None:
    api, wire = called_at(*range(10), 602)
    first = wire.arrivals[0].at
    paced = Phase(0.0, 20.0, rps=0.5, arrivals=wire.arrivals[:10])
    held_up = Phase(100.0, 700.0, rps=0.5, arrivals=wire.arrivals[10:])
    assert paced.bound(api) == pytest.approx(9 / 0.5 + THERE + BACK)
    assert held_up.bound(api) == pytest.approx(first + 500 + THERE + BACK)
    assert Phase(0.0, 1.0, rps=1.0, arrivals=[]).bound(api) == 0.0


def test_a_phase_hurries_when_its_pace_cannot_explain_its_calls() -> None:
    def hurries(every: float) -> bool:
        arrivals = [Arrival(every * n, ID, "GET") for n in range(100)]
        return Phase(0.0, 100.0, rps=1.0, arrivals=arrivals).hurries()

    assert (hurries(1.0), hurries(0.8)) == (False, True)
