"""Long work in threads has the interpreter one thread at a time, and none of them for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from sessions import sharing
from sessions.sharing import in_turns


class Working:
    """Counts who works at once on what is long."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def items(self, count: int) -> Iterator[int]:
        for number in range(count):
            is_long = number >= 10  # ten of them take longer than a turn
            self.now += is_long
            self.most = max(self.most, self.now)
            time.sleep(0.0003)
            self.now -= is_long
            yield number


def test_several_that_list_large_directories_work_one_after_the_other_and_all_come_to_their_end() -> None:
    working, done = Working(), []
    threads = [threading.Thread(target=lambda: done.append(list(in_turns(working.items(40))))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [list(range(40))] * 4
    assert working.most == 1


def test_turns_within_a_turn_are_a_part_of_it() -> None:
    assert list(in_turns(len(list(in_turns(range(count)))) for count in range(100))) == list(range(100))


def test_what_is_short_is_done_in_one_turn_and_without_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[None] = []
    monkeypatch.setattr(sharing, "breathe", lambda: rests.append(None))
    monkeypatch.setattr(sharing, "TURN_S", 60.0)
    assert list(in_turns("abc")) == ["a", "b", "c"]
    assert not rests
    monkeypatch.setattr(sharing, "TURN_S", -1.0)
    assert list(in_turns("abc")) == ["a", "b", "c"]
    assert len(rests) == 3


def test_what_is_short_does_not_wait_for_a_disk_that_somebody_else_waits_for() -> None:
    asked, stuck = threading.Event(), threading.Event()

    def slow() -> Iterator[int]:
        for number in range(3):
            if number == 2:
                asked.set()
                assert stuck.wait(30)
            time.sleep(0.002)
            yield number

    other = threading.Thread(target=lambda: list(in_turns(slow())))
    other.start()
    try:
        assert asked.wait(30)
        found: list[list[int]] = []
        short = threading.Thread(target=lambda: found.append(list(in_turns(range(3)))))
        short.start()
        short.join(10)
        assert found == [[0, 1, 2]]
    finally:
        stuck.set()
        other.join()


def test_a_failure_gives_the_turn_to_others() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_turns(1 // one for one in (1, 0)))
    found: list[int] = []
    other = threading.Thread(target=lambda: found.extend(in_turns([1])))
    other.start()
    other.join(10)
    assert found == [1]
