"""A rate as whoever runs into it meets it; time is a number here, so nothing waits."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.limits import Bucket, retry_after_ms


def test_a_burst_goes_through_at_once_and_the_next_one_waits() -> None:
    bucket = Bucket(rate=10, burst=3)
    assert [bucket.take(100) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(100) == pytest.approx(0.1)


def test_a_new_bucket_is_full_whatever_the_clock_says() -> None:
    for now in (-5.0, 0.0, 1e9):
        bucket = Bucket(1, 2)
        assert [bucket.take(now), bucket.take(now)] == [0, 0]
        assert bucket.take(now) > 0


def test_a_turn_comes_back_after_exactly_the_wait_that_was_told() -> None:
    bucket = Bucket(rate=4, burst=1)
    assert bucket.take(0) == 0
    wait = bucket.take(0)
    assert wait == 0.25
    assert bucket.take(0.2) == pytest.approx(0.05)
    assert bucket.take(0.25) == 0
    assert bucket.take(0.25) == 0.25


def test_asking_too_early_does_not_put_the_turn_off() -> None:
    bucket = Bucket(rate=1, burst=1)
    bucket.take(0)
    assert all(bucket.take(step / 1024) > 0 for step in range(1024))
    assert bucket.take(1) == 0


def test_a_long_pause_gives_one_burst_and_no_more() -> None:
    bucket = Bucket(rate=100, burst=5)
    bucket.take(0)
    assert sum(bucket.take(1e6) == 0 for _ in range(100)) == 5


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    bucket = Bucket(rate=1, burst=2)
    assert [bucket.take(50), bucket.take(40), bucket.take(30)] == [0, 0, 1]
    assert bucket.take(50) == 1
    assert bucket.take(51) == 0


@pytest.mark.parametrize(
    ("rate", "burst"),
    [(0, 1), (-1, 1), (1, 0), (1, 0.5), (1, -1), (math.inf, 1), (1, math.inf), (math.nan, 1), (1, math.nan)],
)
def test_a_bucket_that_would_never_give_or_always_give_cannot_be_made(rate: float, burst: float) -> None:
    with pytest.raises(ValueError, match="a bucket needs"):
        Bucket(rate, burst)


@given(
    rate=st.sampled_from([0.5, 1, 3, 10, 1000]),
    burst=st.integers(1, 50),
    steps=st.lists(st.floats(0, 3, allow_nan=False), max_size=80),
)
def test_in_any_stretch_no_more_goes_through_than_burst_and_rate_allow(
    rate: float, burst: int, steps: list[float]
) -> None:
    bucket = Bucket(rate, burst)
    now, taken = 0.0, list[float]()
    for step in steps:
        now += step
        if bucket.take(now) == 0:
            taken.append(now)
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + (taken[last] - begin) * rate + 1e-6


@given(rate=st.floats(0.01, 1e5), burst=st.integers(1, 20), at=st.floats(0, 1e6))
def test_whoever_waits_the_milliseconds_they_were_told_gets_a_turn(rate: float, burst: int, at: float) -> None:
    bucket = Bucket(rate, burst)
    while not (wait := bucket.take(at)):
        pass
    assert bucket.take(at + retry_after_ms(wait) / 1000 + 1e-9) == 0


def test_the_wait_in_milliseconds_is_whole_rounded_up_and_never_zero() -> None:
    assert [retry_after_ms(wait) for wait in (1e-9, 0.0005, 0.001, 0.0011, 1, 2.5)] == [1, 1, 1, 2, 1000, 2500]


def test_a_bucket_is_small_for_there_is_one_a_user() -> None:
    assert sys.getsizeof(Bucket(1, 1)) <= 64
    assert not hasattr(Bucket(1, 1), "__dict__")
