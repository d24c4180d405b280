"""The pace of writers: few need not wait, many share the host's commits between them."""

from __future__ import annotations

import pytest

from sessions import pace
from sessions.pace import Pace


def test_the_more_users_write_the_longer_each_gathers(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(pace.time, "monotonic", lambda: now)
    writers = Pace()
    assert writers.seconds == 0
    for _ in range(1_000):
        writers.wrote("ada")
    assert writers.seconds == pytest.approx(pace.SHARE_S)
    for number in range(200):
        writers.wrote(f"user{number}")
    assert writers.seconds == pytest.approx(201 * pace.SHARE_S)
    now += 1.5
    writers.wrote("ada")
    assert writers.seconds == pytest.approx(201 * pace.SHARE_S)  # those of the second before count still
    now += 1.5
    writers.wrote("ada")
    assert writers.seconds == pytest.approx(pace.SHARE_S)
    now += 60
    writers.wrote("ada")
    assert writers.seconds == pytest.approx(pace.SHARE_S)
