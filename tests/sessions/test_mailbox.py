"""A user's events: one order, numbers never given twice, and whoever comes back has missed nothing, or is told so."""

from __future__ import annotations

import asyncio
import sqlite3
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sessions import mailbox as mailbox_module
from sessions import numbers
from sessions.current import current_turn, with_user
from sessions.errors import (
    FellBehind,
    FileSystemError,
    InvalidValue,
    Overloaded,
    QuotaExceeded,
    SessionClosed,
    StoreError,
)
from sessions.events import BATCH, BATCH_BYTES, PAGE, Event
from sessions.follower import Follower
from sessions.jsontext import Json
from sessions.mailbox import DROPPED, EVENT_BYTES, Mailbox
from sessions.quotas import Allowance, Quotas
from sessions.store import Databases
from tests.sessions.stores import databases, eventually, killed_at_random

pytestmark = pytest.mark.anyio


async def loaded(several: Databases, uid: str = "alice", **limits: int) -> Mailbox:
    fresh = Mailbox(several.store(uid), uid, **limits)
    await fresh.load()
    return fresh


@asynccontextmanager
async def mailbox_of_alice(folder: Path, **limits: int) -> AsyncIterator[Mailbox]:
    async with databases(folder) as several:
        mailbox = await loaded(several, **limits)
        yield mailbox
        await mailbox.close()


async def all_now(follower: Follower) -> list[Event]:
    """What a follower is given until there is nothing for now."""
    events: list[Event] = []
    while batch := await follower.read():
        events += batch
    return events


def numbers_of(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


# -- one order


async def test_events_are_numbered_up_by_one_and_come_in_order(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        follower = mailbox.follow(None)
        posted = [mailbox.post("t", {"n": n}, durable=n % 3 == 0) for n in range(1, 101)]
        assert await asyncio.gather(*posted) == list(range(1, 101))
        events = await all_now(follower)
        assert [(event.seq, orjson.loads(event.data_json)) for event in events] == [
            (n, {"n": n}) for n in range(1, 101)
        ]
        assert [event.durable for event in events[:3]] == [False, False, True]
        assert abs(events[0].time - time.time() * 1000) < 60_000


async def test_a_durable_event_is_in_the_file_before_anybody_sees_it(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        follower = mailbox.follow(None)
        await mailbox.post("warm", None)
        for n in range(30):
            mailbox.post("t", n, durable=True)
        seen = 0
        async for batch in follower:
            stored = await asyncio.to_thread(stored_numbers, tmp_path)
            assert {event.seq for event in batch if event.durable} <= stored
            seen += len(batch)
            if seen == 31:
                break


async def test_a_live_event_waits_for_the_durable_one_before_it(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        await mailbox.post("warm", None)
        durable, live = mailbox.post("finished", 1, durable=True), mailbox.post("delta", 2)
        assert mailbox.seq == 1
        assert not live.done()
        assert await live == 3
        assert durable.done()
        assert mailbox.seq == 3


async def test_a_live_event_is_seen_at_once_where_nothing_is_before_it(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        await mailbox.post("warm", None)
        assert mailbox.post("delta", 1).done()
        assert mailbox.seq == 2


async def test_users_have_numbers_and_events_of_their_own(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        alice, bob = await loaded(several, "alice"), await loaded(several, "bob")
        follower = bob.follow(0)
        await asyncio.gather(*(alice.post("t", "for alice", durable=True) for _ in range(5)))
        await bob.post("t", "for bob", durable=True)
        assert [(event.seq, event.data_json) for event in await all_now(follower)] == [(1, b'"for bob"')]


async def test_an_event_is_encoded_once_for_all_who_follow(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        followers = [mailbox.follow(None) for _ in range(3)]
        await mailbox.post("t", {"text": "x" * 1_000})
        first, *others = [(await all_now(follower))[0].data_json for follower in followers]
        assert all(other is first for other in others)


async def test_what_is_changed_after_the_post_is_not_in_the_event(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        data = {"list": [1]}
        shown = mailbox.post("t", data)
        data["list"].append(2)
        await shown
        assert (await all_now(mailbox.follow(0)))[0].data_json == b'{"list":[1]}'


@pytest.mark.parametrize("data", [float("nan"), {1}, {"a": 2**70}, b"x", "x" * (1 << 20)])
@pytest.mark.parametrize("durable", [False, True])
async def test_data_that_is_no_event_is_refused_and_takes_no_number(
    tmp_path: Path, data: object, durable: bool
) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        with pytest.raises(InvalidValue, match=r"^data: "):
            mailbox.post("t", data, durable=durable)
        for name in ("", "a\0b", "x" * 257, None):
            with pytest.raises(InvalidValue, match=r"^type: "):
                mailbox.post(name, 1)  # type: ignore[arg-type]
        assert await mailbox.post("t", 1) == 1


# -- coming back


async def test_who_comes_back_gets_exactly_what_they_missed(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        await asyncio.gather(*(mailbox.post("t", n, durable=n % 2 == 0) for n in range(1, 701)))
        for after in (0, 1, 2, 255, 256, 257, 699, 700):
            follower = mailbox.follow(after)
            assert follower.resumed
            assert numbers_of(await all_now(follower)) == list(range(after + 1, 701))


async def test_what_memory_no_longer_has_comes_from_the_store(tmp_path: Path) -> None:
    count = 3 * PAGE + 70
    async with mailbox_of_alice(tmp_path, keep=100) as mailbox:
        await asyncio.gather(*(mailbox.post("t", n, durable=True) for n in range(1, count + 1)))
        for after in (0, 1, PAGE - 1, PAGE, PAGE + 1, count - 101, count - 100, count - 99, count):
            follower = mailbox.follow(after)
            assert follower.resumed
            assert numbers_of(await all_now(follower)) == list(range(after + 1, count + 1))


async def test_only_new_ones_come_for_none_and_for_a_number_from_the_future(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        await mailbox.post("old", 1)
        followers = [mailbox.follow(None), mailbox.follow(2), mailbox.follow(10**15)]
        await mailbox.post("new", 2)
        for follower in followers:
            assert not follower.resumed
            assert numbers_of(await all_now(follower)) == [2]


async def test_too_old_a_place_gets_what_is_still_there_and_is_told(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path, keep=10) as mailbox:
        for n in range(1, 101):
            mailbox.post("t", n, durable=n % 7 == 0)
        await mailbox.post("last", 0)
        expected = [*range(7, 92, 7), *range(92, 102)]
        for after in (-1, 0, 6):
            assert not mailbox.follow(after).resumed
            assert numbers_of(await all_now(mailbox.follow(after))) == expected
        assert (mailbox.resumed(89), mailbox.resumed(90), mailbox.resumed(101), mailbox.resumed(102)) == (
            False,
            True,
            True,
            False,
        )


async def test_a_follower_that_is_too_slow_is_told_and_never_skips(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path, keep=10) as mailbox:
        slow, quick = mailbox.follow(None), mailbox.follow(None)
        for n in range(10):
            await mailbox.post("t", n)
        assert len(await all_now(quick)) == 10
        await mailbox.post("t", 10)
        assert len(await all_now(quick)) == 1
        with pytest.raises(FellBehind, match="after number 0"):
            await slow.read()


async def test_a_slow_follower_of_durable_events_falls_behind_only_when_they_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mailbox_of_alice(tmp_path, keep=10, stored=PAGE) as mailbox:
        slow, later = mailbox.follow(0), mailbox.follow(0)
        await asyncio.gather(*(mailbox.post("t", n, durable=True) for n in range(2 * PAGE - 1)))
        assert len(await slow.read()) == PAGE
        await asyncio.gather(*(mailbox.post("t", n, durable=True) for n in range(2)))
        assert mailbox.lost == PAGE
        assert len(await all_now(slow)) == PAGE + 1
        with pytest.raises(FellBehind):
            await later.read()


async def test_followers_at_every_pace_see_the_same(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:

        async def follow(pause: int) -> list[int]:
            seen: list[int] = []
            async for batch in mailbox.follow(None):
                seen += numbers_of(batch)
                for _ in range(pause):
                    await asyncio.sleep(0)
                if seen[-1] == 600:
                    return seen
            return seen

        async def post() -> None:
            for n in range(600):
                shown = mailbox.post("t", n, durable=n % 5 == 0)
                if n % 7 == 0:
                    await shown

        *seen, _ = await asyncio.gather(*(follow(pause) for pause in (0, 1, 5, 20)), post())
        assert seen == [list(range(1, 601))] * 4


async def test_a_batch_is_bounded_in_count_and_bytes(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        small, large = mailbox.follow(None), mailbox.follow(600)
        for n in range(600):
            mailbox.post("t", n)
        await mailbox.post("t", 0)
        assert len(await small.read()) == BATCH
        large = mailbox.follow(None)
        for _ in range(9):
            mailbox.post("t", "x" * 100_000)
        sizes = [sum(len(event.data_json) for event in batch) for batch in [await large.read() for _ in range(5)]]
        assert max(sizes) <= BATCH_BYTES
        assert sum(sizes) == 9 * 100_002


async def test_memory_is_bounded_by_bytes_and_always_has_the_newest(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path, keep_bytes=10_000) as mailbox:
        for _ in range(5):
            mailbox.post("t", "x" * 4_000)
        await mailbox.post("t", "x" * 50_000)
        assert mailbox.lost == 5
        assert numbers_of(await all_now(mailbox.follow(5))) == [6]


async def test_listening_needs_no_task_and_ends_with_its_undo(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        heard: list[object] = []
        with with_user("mallory"):
            undo = mailbox.listen(lambda: heard.append((mailbox.seq, current_turn())))
            await mailbox.post("t", 1, durable=True)
        await eventually(lambda: heard)
        assert heard[0] == (1, None), "a listener runs in nobody's turn"
        undo()
        undo()
        await mailbox.post("t", 2)
        await asyncio.sleep(0)
        assert len(heard) == 1


async def test_a_listener_that_raises_harms_nobody(tmp_path: Path) -> None:
    noise: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: noise.append(context))
    async with mailbox_of_alice(tmp_path) as mailbox:
        mailbox.listen(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
        follower = mailbox.follow(None)
        await mailbox.post("t", 1)
        assert numbers_of(await anext(follower)) == [1]
        await eventually(lambda: noise)


# -- ending and beginning again


async def test_a_user_who_never_posts_costs_no_commit(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        for _ in range(2):
            mailbox = await loaded(several)
            assert (mailbox.seq, mailbox.resumed(0)) == (0, True)
            await mailbox.close()
        assert several.commits == 0


async def test_after_a_clean_end_the_numbers_go_on_without_a_jump(tmp_path: Path) -> None:
    for run in range(3):
        async with mailbox_of_alice(tmp_path) as mailbox:
            assert mailbox.seq == run * 4
            await mailbox.post("finished", run, durable=True)
            for _ in range(3):
                mailbox.post("delta", run)
    async with mailbox_of_alice(tmp_path) as mailbox:
        assert numbers_of(await all_now(mailbox.follow(1))) == [5, 9]


async def test_an_end_shows_what_was_on_its_way_and_then_followers_end_too(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        mailbox = await loaded(several)
        follower = mailbox.follow(None)
        posted = [mailbox.post("t", n, durable=n % 2 == 0) for n in range(20)]
        await mailbox.close()
        assert all(future.done() for future in posted)
        assert [numbers_of(batch) async for batch in follower] == [list(range(1, 21))]
        with pytest.raises(SessionClosed):
            mailbox.post("t", 1)
        await mailbox.close()


async def test_after_a_crash_the_numbers_jump_and_what_was_stored_is_there(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        crashed = await loaded(several)
        for n in range(10):
            await crashed.post("finished" if n % 2 else "delta", n, durable=bool(n % 2))
    async with mailbox_of_alice(tmp_path) as mailbox:
        assert mailbox.seq >= 10
        assert [mailbox.resumed(after) for after in (0, 5, 10)] == [False] * 3
        follower = mailbox.follow(3)
        new = await mailbox.post("t", 1)
        assert new == mailbox.seq
        assert numbers_of(await all_now(follower)) == [4, 6, 8, 10, new]


async def test_posting_before_it_is_loaded_says_what_to_do(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        with pytest.raises(StoreError, match=r"await its load\(\) first"):
            Mailbox(several.store("alice"), "alice").post("t", 1)


async def test_what_is_stored_is_bounded_and_the_oldest_goes_first(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path, keep=10, stored=700) as mailbox:
        for _ in range(4):
            await asyncio.gather(*(mailbox.post("t", n, durable=True) for n in range(1_000)))
        await mailbox.store.flush()
        kept = await mailbox.store.read("SELECT seq FROM events ORDER BY seq")
        assert 700 <= len(kept) <= 700 + PAGE
        assert [seq for (seq,) in kept] == list(range(mailbox.lost + 1, 4_001))
        assert numbers_of(await all_now(mailbox.follow(0))) == list(range(mailbox.lost + 1, 4_001))
    async with mailbox_of_alice(tmp_path, keep=10, stored=700) as mailbox:
        await asyncio.gather(*(mailbox.post("t", n, durable=True) for n in range(PAGE)))
        await mailbox.store.flush()
        ((count,),) = await mailbox.store.read("SELECT count(*) FROM events")
        assert count <= 700 + PAGE, "what earlier runs stored is counted too"


async def test_what_is_stored_is_bounded_by_bytes(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path, keep_bytes=1_000, stored_bytes=3 << 20) as mailbox:
        for n in range(40):
            await mailbox.post("t", "x" * 300_000 + str(n), durable=True)
        await mailbox.store.flush()
        ((size,),) = await mailbox.store.read("SELECT sum(length(data)) FROM events")
        assert 3 << 20 <= size <= 5 << 20
        assert numbers_of(await all_now(mailbox.follow(mailbox.lost))) == list(range(mailbox.lost + 1, 41))


async def test_stored_events_count_against_the_bytes_that_a_user_may_have_and_none_is_refused(tmp_path: Path) -> None:
    allowance = Allowance(Quotas(bytes=1_000), lambda: (0, 0))
    async with databases(tmp_path) as several:
        mailbox = Mailbox(several.store("alice"), "alice", keep_bytes=1_000, stored_bytes=3 << 20, meter=allowance)
        await mailbox.load()
        await mailbox.post("live", "x" * 300_000)
        assert allowance.counted == (0, 0), "it is in memory alone"
        for n in range(40):
            await mailbox.post("t", "x" * 300_000 + str(n), durable=True)
            counted, _ = allowance.counted
            assert counted > 300_000 * min(n + 1, 10)
        with pytest.raises(QuotaExceeded, match="'bytes'"):
            allowance.reserve(1, 0)
        await mailbox.store.flush()
        ((size,),) = await mailbox.store.read("SELECT sum(length(data) + 200) FROM events")
        assert allowance.counted == (size, 0), "what was removed is not counted"
        await mailbox.close()

        later = Allowance(Quotas(), lambda: (0, 0))
        mailbox = Mailbox(several.store("alice"), "alice", meter=later)
        await mailbox.load()
        assert later.counted == (size, 0)
        await mailbox.close()


async def test_pages_of_a_reloaded_mailbox_are_small(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        for size in range(0, 20_000, 2_000):
            await asyncio.gather(*(mailbox.post("t", "x" * size, durable=True) for _ in range(150)))
    async with mailbox_of_alice(tmp_path) as mailbox:
        follower, seen = mailbox.follow(0), 0
        while batch := await follower.read():
            assert numbers_of(batch) == list(range(seen + 1, seen + len(batch) + 1))
            assert len(batch) <= PAGE
            assert sum(len(event.data_json) for event in batch) <= 2 << 20
            seen += len(batch)
        assert seen == 1_500


# -- when the disk says no


async def fill(mailbox: Mailbox) -> None:
    await mailbox.store.write("PRAGMA max_page_count = 20")


async def test_where_an_event_could_not_be_stored_stands_a_note_and_the_order_goes_on(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        await mailbox.post("warm", None)
        await fill(mailbox)
        follower = mailbox.follow(None)
        failing = mailbox.post("finished", "x" * 300_000, durable=True)
        after = [mailbox.post("delta", 1), mailbox.post("finished", 2, durable=True)]
        with pytest.raises(FileSystemError, match="full"):
            await failing
        assert await asyncio.gather(*after) == [3, 4]
        events = await all_now(follower)
        assert [(event.seq, event.type) for event in events] == [(2, DROPPED), (3, "delta"), (4, "finished")]
        assert orjson.loads(events[0].data_json) == {"type": "finished"}
    async with mailbox_of_alice(tmp_path) as mailbox:
        assert numbers_of(await all_now(mailbox.follow(0))) == [4]


async def test_the_first_event_of_all_is_not_seen_where_only_its_number_could_be_stored(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        await fill(mailbox)
        with pytest.raises(FileSystemError, match="full"):
            await mailbox.post("finished", "x" * 300_000, durable=True)
        assert [(event.seq, event.type) for event in await all_now(mailbox.follow(0))] == [(1, DROPPED)]


async def test_a_number_that_could_not_be_noted_is_not_seen_until_it_could(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers, "RETRY_S", 0.02)
    async with mailbox_of_alice(tmp_path) as mailbox:
        await mailbox.store.write("CREATE TRIGGER no BEFORE INSERT ON meta BEGIN SELECT raise(ABORT, 'full'); END")
        follower = mailbox.follow(None)
        live, durable = mailbox.post("delta", 1), mailbox.post("finished", 2, durable=True)
        await mailbox.store.flush()
        await asyncio.sleep(0.05)
        assert not live.done()
        assert await follower.read() == []
        await mailbox.store.write("DROP TRIGGER no")
        assert await asyncio.wait_for(asyncio.gather(live, durable), 10) == [1, 2]
        assert numbers_of(await all_now(follower)) == [1, 2]


async def test_at_the_end_what_can_never_be_seen_is_told_to_who_posted_it(tmp_path: Path) -> None:
    async with databases(tmp_path) as several:
        mailbox = await loaded(several)
        await mailbox.store.write("CREATE TRIGGER no BEFORE INSERT ON meta BEGIN SELECT raise(ABORT, 'full'); END")
        live, durable = mailbox.post("delta", 1), mailbox.post("finished", 2, durable=True)
        await mailbox.close()
        for future in (live, durable):
            with pytest.raises(SessionClosed):
                await future
        await several.store("alice").write("DROP TRIGGER no")
        again = await loaded(several)
        assert again.seq == 2, "the number of a stored event is not given again"
        assert await again.post("t", 1) == 3


async def test_what_waits_for_the_disk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox_module, "WAITING", 10)
    async with mailbox_of_alice(tmp_path) as mailbox:
        first = [mailbox.post("t", n, durable=True) for n in range(10)]
        with pytest.raises(Overloaded):
            mailbox.post("t", 11)
        await asyncio.gather(*first)
        assert await mailbox.post("t", 12) == 11


async def test_cancelling_who_awaits_a_post_changes_nothing_for_others(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        follower = mailbox.follow(None)
        mailbox.post("t", 1, durable=True).cancel()
        await mailbox.post("t", 2)
        assert numbers_of(await all_now(follower)) == [1, 2]


# -- everything at once

steps = some.lists(
    some.one_of(
        some.tuples(some.just("post"), some.booleans(), some.integers(1, 30)),
        some.tuples(some.just("read"), some.integers(0, 3), some.none()),
        some.tuples(some.just("come back"), some.integers(0, 3), some.integers(-2, 2)),
        some.tuples(some.just("settle"), some.none(), some.none()),
        some.tuples(some.sampled_from(["end", "crash"]), some.none(), some.none()),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(steps)
async def test_no_follower_ever_misses_repeats_or_reorders_an_event(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any, Any]]
) -> None:
    """A model: every number ever shown, with what it was; four clients that read and come back at any time."""
    shown: dict[int, bytes] = {}
    stored: set[int] = set()
    async with databases(tmp_path_factory.mktemp("users")) as several:
        mailbox = await loaded(several, keep=20)
        clients = [mailbox.follow(None) for _ in range(4)]
        futures: list[tuple[bool, bytes, asyncio.Future[int]]] = []
        for what, a, b in steps:
            if what == "post":
                for n in range(b):
                    futures.append(
                        (a, b"%d" % (len(futures) * 100 + n), mailbox.post("t", len(futures) * 100 + n, durable=a))
                    )
            elif what == "read":
                clients[a] = await read_all(mailbox, clients[a], shown)
            elif what == "come back":
                clients[a] = mailbox.follow(clients[a].seq + b)
            else:
                if what == "end":
                    await mailbox.close()
                for durable, text, future in futures:
                    number = await future
                    assert number not in shown or shown[number] == text, "a number was given twice"
                    shown[number] = text
                    stored |= {number} if durable else set()
                futures.clear()
                if what != "settle":
                    mailbox = await loaded(several, keep=20)
                    assert mailbox.seq >= max(shown, default=0)
                    clients = [mailbox.follow(client.seq) for client in clients]
        for _, text, future in futures:
            shown[await future] = text
        everything = await all_now(mailbox.follow(0))
        assert stored <= set(numbers_of(everything))
        await mailbox.close()


async def read_all(mailbox: Mailbox, client: Follower, shown: dict[int, bytes]) -> Follower:
    """Read all there is for one client, and see that it has no gap that the client was not told of."""
    place, begun = client.seq, mailbox.lost
    whole = mailbox.resumed(place)
    try:
        events = await all_now(client)
    except FellBehind:
        assert not whole
        return mailbox.follow(client.seq)
    for event in events:
        assert shown.setdefault(event.seq, event.data_json) == event.data_json
    got = numbers_of(events)
    assert got == sorted(set(got))
    if whole and got:
        assert got == list(range(place + 1, got[-1] + 1))
    assert begun <= mailbox.lost
    return client


# -- kill -9

POSTER = """
import asyncio, sys
from pathlib import Path
from sessions.mailbox import Mailbox
from sessions.store import Databases
from sessions.tasks import Tasks

async def main(folder, start):
    async with asyncio.TaskGroup() as group:
        several = Databases(Path(folder), Tasks(group, lambda name, error: None))
        mailbox = Mailbox(several.store("alice"), "alice", stored=1_000_000)
        await mailbox.load()

        async def post(durable):
            for number in range(start, start + 1_000_000):
                await mailbox.post("durable" if durable else "live", f"{number}", durable=durable)

        async def show():
            async for batch in mailbox.follow(None):
                for event in batch:
                    sys.stdout.write(f"{event.seq} {event.type} {event.data_json.decode()}\\n")
                sys.stdout.flush()

        group.create_task(show())
        for durable in (True, True, True, False):
            group.create_task(post(durable))

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_an_event_that_was_seen_survives_kill_9_and_its_number_is_never_given_again(tmp_path: Path) -> None:
    seen: dict[int, str] = {}
    durable: dict[int, str] = {}
    for start in range(0, 20_000_000, 1_000_000):
        newest = max(seen, default=0)
        lines = await asyncio.to_thread(killed_at_random, POSTER, tmp_path, start, lines=20)
        for line in lines:
            number, kind, data = line.split()
            assert int(number) > newest, "a number went back or was given twice"
            newest = int(number)
            seen[newest] = data
            if kind == "durable":
                durable[newest] = data
    async with databases(tmp_path) as several:
        mailbox = await loaded(several, stored=1_000_000)
        assert mailbox.seq >= max(seen)
        stored = {event.seq: event.data_json.decode() for event in await all_now(mailbox.follow(0))}
        assert len(durable) > 400
        assert durable.items() <= stored.items(), "an event that somebody saw is lost"
        await mailbox.close()


# -- what it costs


async def test_a_loaded_mailbox_that_is_idle_costs_little_memory(tmp_path: Path) -> None:
    async with databases(tmp_path, limit=8) as several:
        await (await loaded(several)).close()
        stores = [several.store("alice") for _ in range(300)]
        tracemalloc.start()
        try:
            mailboxes = [Mailbox(store, "alice") for store in stores]
            for mailbox in mailboxes:
                await mailbox.load()
            before, _ = tracemalloc.get_traced_memory()
            del mailbox
            mailboxes.clear()
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert (before - after) / 300 < 1_200


def stored_numbers(folder: Path) -> set[int]:
    with closing(sqlite3.connect(folder / "alice" / "state.db")) as connection:
        return {seq for (seq,) in connection.execute("SELECT seq FROM events")}


async def test_text_that_is_json_already_is_shown_as_it_is_and_no_larger_than_any(tmp_path: Path) -> None:
    async with mailbox_of_alice(tmp_path) as mailbox:
        follower = mailbox.follow(0)
        await mailbox.post("a.b", Json(b'{"list":[1,2]}'))
        (event,) = await all_now(follower)
        assert event.data_json == b'{"list":[1,2]}'
        assert type(event.data_json) is bytes
        with pytest.raises(InvalidValue, match="data"):
            mailbox.post("a.b", Json(b'"%b"' % (b"x" * EVENT_BYTES)))
        with pytest.raises(InvalidValue, match="data"):
            mailbox.post("a.b", b'{"not": "said to be JSON"}')
