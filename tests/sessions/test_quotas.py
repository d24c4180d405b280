"""How much one user may have on disk."""

from __future__ import annotations

import pytest

from sessions.errors import QuotaExceeded
from sessions.quotas import Allowance, Quotas


def test_what_does_not_fit_is_refused_by_name_and_counted_by_nobody() -> None:
    usage = Allowance(Quotas(bytes=100, files=2), lambda: (60, 1))
    with pytest.raises(QuotaExceeded, match="'bytes'") as caught:
        usage.reserve(41, 0)
    assert (caught.value.quota, caught.value.limit, caught.value.used) == ("bytes", 100, 60)
    usage.reserve(40, 1)
    with pytest.raises(QuotaExceeded, match="'files'"):
        usage.reserve(0, 1)
    usage.released(40, 1)
    usage.reserve(40, 1)


def test_shrinking_is_allowed_also_over_the_limit() -> None:
    usage = Allowance(Quotas(bytes=100), lambda: (500, 1))
    usage.reserve(-10, 0)
    with pytest.raises(QuotaExceeded):
        usage.reserve(1, 0)


def test_a_user_without_limits_is_never_measured() -> None:
    def measure() -> tuple[int, int]:
        raise AssertionError("measured")

    Allowance(Quotas(bytes=None, files=None), measure).reserve(1 << 60, 1 << 40)


def test_the_loop_asks_by_the_last_count_and_never_measures() -> None:
    measured: list[int] = []

    def measure() -> tuple[int, int]:
        measured.append(1)
        return 60, 1

    allowance = Allowance(Quotas(bytes=100), measure)
    allowance.store(30)
    assert measured == []
    with pytest.raises(QuotaExceeded):
        allowance.reserve(20, 0)
    allowance.stored(-30)
    allowance.reserve(20, 0)
    with pytest.raises(QuotaExceeded):
        allowance.store(30)
    assert measured == [1]


def test_what_is_in_the_database_is_not_forgotten_when_the_disk_is_counted() -> None:
    allowance = Allowance(Quotas(bytes=100), lambda: (60, 1))
    allowance.store(30)
    allowance.learn(10, 1)
    assert (allowance.counted, allowance.used()) == ((40, 1), (40, 1))
    with pytest.raises(QuotaExceeded):
        allowance.store(61)
    allowance.store(60)
    with pytest.raises(QuotaExceeded):
        allowance.reserve(1, 0)


def test_the_disk_is_counted_once_not_at_every_write() -> None:
    counted: list[int] = []

    def measure() -> tuple[int, int]:
        counted.append(1)
        return 0, 0

    usage = Allowance(Quotas(bytes=1 << 30), measure)
    for _ in range(1_000):
        usage.reserve(1, 1)
    assert len(counted) == 1
