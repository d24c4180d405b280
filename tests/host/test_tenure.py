"""The garbage collector's long walks: they are short while people work, and nothing is lost for good by that."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator

import pytest

from host import tenure
from host.tenure import Tenure


@pytest.fixture
def kept() -> Iterator[Tenure]:
    """The policy in force, somebody being connected."""
    with Tenure(lambda: False) as made:
        yield made


class Circle:
    def __init__(self) -> None:
        self.itself = self


def test_what_is_old_is_not_walked_through_again(kept: Tenure) -> None:
    kept.collect()
    old = [[number] for number in range(400_000)]
    gc.collect()
    began = time.thread_time()
    gc.collect()
    again = time.thread_time() - began
    gc.unfreeze()
    began = time.thread_time()
    gc.collect()
    whole = time.thread_time() - began
    assert again < whole / 4 and len(old) == 400_000


def test_what_nobody_holds_goes_at_once_wherever_it_is(kept: Tenure) -> None:
    class Thing: ...

    thing = Thing()
    gone = weakref.ref(thing)
    gc.collect()
    del thing
    assert gone() is None


def test_a_circle_that_ended_out_of_sight_goes_with_the_next_whole_collection(kept: Tenure) -> None:
    circle = Circle()
    gone = weakref.ref(circle)
    gc.collect()
    del circle
    gc.collect()
    assert gone() is not None
    kept.collect()
    assert gone() is None and kept.whole == 1


def test_one_is_due_once_when_all_have_left() -> None:
    connected = [True]
    with Tenure(lambda: not connected) as kept:
        assert not kept.is_due(0.0, 0, 0.0)
        connected.clear()
        assert kept.is_due(0.9, 0, 1.0) and not kept.is_due(0.0, 0, 2.0)
        connected.append(True)
        assert not kept.is_due(0.0, 0, 3.0)
        connected.clear()
        assert kept.is_due(0.0, 0, 4.0)


def test_one_is_due_when_half_as_much_again_is_held_and_it_disturbs_little(
    kept: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenure, "SHORT_S", -1.0)
    kept.held = 800_000
    assert not kept.is_due(0.0, 1_190_000, 0.0) and not kept.is_due(0.0, 1_290_000, 1.0)
    assert not kept.is_due(0.9, 1_310_000, 10.0) and not kept.is_due(0.9, 1_310_000, 600.0)
    assert kept.is_due(0.1, 1_310_000, 601.0) and kept.is_due(0.9, 1_310_000, 611.0)
    kept.collect()
    kept.held = 1_310_000
    assert not kept.is_due(0.0, 1_310_000, 700.0)


def test_what_is_held_is_what_is_there_after_the_last(kept: Tenure) -> None:
    circles = [Circle() for _ in range(100_000)]
    gc.collect()
    before = sys.getallocatedblocks()
    del circles
    kept.collect()
    assert kept.held < before - 100_000


def test_one_is_due_when_some_went_out_of_sight_where_it_is_short_and_seldom(
    kept: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tenure, "SHORT_S", 60.0)  # whatever the process of the tests has in it
    kept.collect()
    assert kept.aged == 0
    held, kept.took_s = kept.held, 0.01
    soon, later = time.monotonic() + 1.9, time.monotonic() + 2.1  # 0.01 s are half a percent of 2 s
    assert not kept.is_due(0.9, held, later)
    for _ in range(tenure.LITTLE):
        assert not kept.is_due(0.9, held, later)
        gc.collect()
    assert kept.aged == tenure.LITTLE
    assert not kept.is_due(0.9, held, soon)
    assert kept.is_due(0.9, held, later)


def test_the_first_needs_no_quiet_moment_where_it_is_short(kept: Tenure) -> None:
    kept.held, kept.aged = 100_000, tenure.LITTLE  # who is busy from the first second on
    assert kept.is_due(0.9, 120_000, time.monotonic())
    assert not kept.is_due(0.9, 200_000, time.monotonic()), "everything would stand still"


TUPLES = """
import sys, threading, time
from host.tenure import Tenure

ended, broken = threading.Event(), []

def build():
    while not ended.is_set():
        try:
            tuple([number] for number in range(40))
        except SystemError as error:
            broken.append(error)
            return

def litter():
    while not ended.is_set():
        list([] for _ in range(30_000))

sys.setswitchinterval(1e-6)
with Tenure(lambda: False):
    threads = [threading.Thread(target=work) for work in (build, build, litter)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    ended.set()
    for thread in threads:
        thread.join()
sys.exit(len(broken))
"""


def test_tuples_that_threads_make_meanwhile_come_to_their_end() -> None:
    assert subprocess.run([sys.executable, "-c", TUPLES], check=False).returncode == 0


@pytest.mark.anyio
async def test_a_running_host_looks_for_what_is_due_and_gives_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(tenure, "LOOK_S", 0.01)
    monkeypatch.setattr(tenure, "give_back_memory", lambda: given.append(1))
    with Tenure(lambda: True) as kept:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(kept.watch(), 0.5)
        assert kept.whole == 1 and kept.held > 10_000 and given == [1]


def test_afterwards_the_collector_is_as_it_was() -> None:
    before = gc.get_threshold(), list(gc.callbacks)
    with Tenure(lambda: False):
        assert gc.get_threshold() == tenure.THRESHOLDS
    assert (gc.get_threshold(), list(gc.callbacks)) == before
    assert gc.get_freeze_count() == 0
