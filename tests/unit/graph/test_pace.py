"""How fast calls may follow each other, by the cap of the run and by what usage is told."""

from itertools import pairwise

import pytest

from icesync.graph.pace import SLOW_FROM, SLOWEST, STOP_AT, Pace


def turns(pace: Pace, count: int, now: float = 0.0) -> list[float]:
    """The waits of so many calls that all come at once."""
    return [pace.turns(now)[0] - now for _ in range(count)]


def gap(percent: float, cap: float | None = None) -> float:
    """Seconds between two calls when so much is used."""
    pace = Pace(cap)
    pace.told(percent, 0.0, 600.0)
    first, second = turns(pace, 2)
    return second - first


def test_without_a_cap_and_usage_everyone_has_a_turn_at_once() -> None:
    pace = Pace()

    assert turns(pace, 1000) == [0.0] * 1000
    assert not pace.is_slow


@pytest.mark.parametrize("cap", [0.25, 2.0, 8.0])
def test_a_cap_spaces_turns_that_are_taken_at_once(cap: float) -> None:
    pace = Pace(cap)

    assert turns(pace, 5) == [number / cap for number in range(5)]
    assert pace.is_slow


def test_a_turn_that_comes_late_has_no_wait_and_saves_up_none() -> None:
    pace = Pace(2.0)
    pace.turns(0.0)

    assert turns(pace, 3, now=100.0) == [0.0, 0.5, 1.0]


def test_in_no_second_are_there_more_turns_than_the_cap_says() -> None:
    pace = Pace(3.0)
    nows = [number * 0.1 for number in range(100)]

    starts = [pace.turns(now)[0] for now in nows]

    assert starts == sorted(starts)
    assert all(later - earlier > 0.999 for earlier, later in zip(starts, starts[3:], strict=False))


def test_up_to_75_percent_nothing_is_slower() -> None:
    assert [gap(percent) for percent in (0.0, 28.0, 74.9, SLOW_FROM)] == [0.0] * 4


def test_between_75_and_95_percent_every_percent_is_slower_than_the_one_before() -> None:
    gaps = [gap(percent / 10) for percent in range(750, 951)]

    assert gaps == sorted(set(gaps))
    assert (gaps[0], gaps[-1]) == (0.0, SLOWEST)


def test_the_slowdown_is_smooth() -> None:
    gaps = [gap(percent / 10) for percent in range(700, 1000)]

    assert max(later - earlier for earlier, later in pairwise(gaps)) <= SLOWEST / 50


@pytest.mark.parametrize("percent", [STOP_AT, 100.0, 525_600.0])
def test_from_95_percent_on_no_turn_is_given_for_as_long_as_was_told(percent: float) -> None:
    pace = Pace()

    pace.told(percent, 50.0, 600.0)

    assert [pace.stopped(now) for now in (50.0, 649.0, 650.0, 700.0)] == [600.0, 1.0, 0.0, 0.0]


def test_just_below_95_percent_nothing_is_stopped() -> None:
    pace = Pace()

    pace.told(STOP_AT - 0.01, 0.0, 600.0)

    assert pace.stopped(0.0) == 0.0
    assert pace.is_slow


def test_usage_that_falls_makes_calls_as_fast_as_before() -> None:
    pace = Pace()
    pace.told(94.0, 0.0, 600.0)
    assert pace.is_slow

    pace.told(10.0, 0.0, 600.0)

    assert turns(pace, 100) == [0.0] * 100
    assert not pace.is_slow


def test_usage_that_falls_leaves_the_cap_in_place() -> None:
    pace = Pace(10.0)
    pace.told(94.0, 0.0, 600.0)
    pace.told(10.0, 0.0, 600.0)

    assert turns(pace, 3) == pytest.approx([0.0, 0.1, 0.2])


@pytest.mark.parametrize(("cap", "slowest"), [(100.0, SLOWEST), (0.5, 2.0)])
def test_the_slower_of_cap_and_usage_counts(cap: float, slowest: float) -> None:
    assert gap(94.9999, cap) == pytest.approx(slowest, rel=1e-3)


def test_a_stop_that_is_told_again_lasts_from_then_on() -> None:
    pace = Pace()
    pace.told(96.0, 0.0, 600.0)
    pace.told(96.0, 100.0, 600.0)

    assert pace.stopped(100.0) == 600.0
