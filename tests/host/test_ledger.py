"""Budgets hold whoever calls however often at once, what was spent is known after a kill, and users are apart."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from host.config import Config
from host.ledger import Ledger, Reservation
from host.totals import NAME
from sessions.context import SessionContext
from sessions.errors import QuotaExceeded
from sessions.manager import SessionManager
from sessions.models import Message, Model, Price, Request, Text, Usage
from sessions.usage import NANOS, Book, month_of
from tests.people import people
from tests.sessions.stores import databases, killed_at_random

pytestmark = pytest.mark.anyio

DOLLAR = Model("acme/big", "Big", "acme", price=Price(1_000_000.0, 1_000_000.0))
"""A model whose every token costs a dollar."""
NOBODY_KNOWS = Model("acme/odd", "Odd", "acme")
FREE = Model("demo/scripted", "Demo", "demo", price=Price(0.0, 0.0))


def config(**budgets: Any) -> Config:
    users = {"rich": {"budgets": {"day": 1_000, "month": None}}}
    return Config.model_validate({"multi_user": True, "budgets": budgets, "users": users})


def request(model: Model = DOLLAR, task: str | None = None) -> Request:
    return Request(model.id, (Message("user", (Text("hello"),)),), task=task)


class Clock:
    """A time that stands still, at noon, unless it is told to go on."""

    def __init__(self) -> None:
        self.time = datetime(2026, 2, 27, 12, tzinfo=UTC)

    def __call__(self) -> int:
        return round(self.time.timestamp() * 1_000)


@asynccontextmanager
async def ledgers(
    folder: Path, settings: Config, clock: Callable[[], int] | None = None
) -> AsyncIterator[tuple[Ledger, SessionManager]]:
    async with databases(folder / "host") as own, databases(folder / "users") as users, people(folder) as sessions:
        ledger = Ledger(settings, own.store(NAME), users.store, clock or Clock())
        await ledger.begin()
        yield ledger, sessions


class Hands:
    """One user who calls models."""

    def __init__(self, ledger: Ledger, session: SessionContext) -> None:
        self.ledger = ledger
        self.session = session

    async def reserve(self, dollars: int, model: Model = DOLLAR, task: str | None = None) -> Reservation:
        return await self.ledger.reserve(self.session, request(model, task), model, Usage(input=dollars))

    async def spend(self, dollars: int, worst: int | None = None, task: str | None = None) -> None:
        reservation = await self.reserve(worst or dollars, task=task)
        assert await reservation.settle(Usage(input=dollars), "finished") == dollars

    async def used(self, name: str = "day", task: str | None = None) -> float | None:
        return (await self.ledger.status(self.session, task))[name]["used"]

    def events(self) -> Any:
        return self.session.mailbox.follow(0)


async def refused(work: Any, quota: str, used: float) -> str:
    with pytest.raises(QuotaExceeded) as refusal:
        await work
    assert (refusal.value.quota, refusal.value.used) == (quota, used)
    return str(refusal.value)


async def test_a_finished_call_is_in_every_sum_with_its_tokens_and_its_price(tmp_path: Path) -> None:
    async with ledgers(tmp_path, config()) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        model = Model("acme/fine", "Fine", "acme", price=Price(3, 15, 0.3, 3.75))
        reservation = await ledger.reserve(alice.session, request(model, "t1"), model, Usage(100_000, 8_000))
        cost = await reservation.settle(Usage(1_000, 500, 3_000, 2_000, 100), "finished")
        assert cost == 0.0189
        book = Book(alice.session.store)
        ((number, call),) = await book.calls(2**62, None, 10)
        assert number == 1
        assert (call.task, call.provider, call.model, call.outcome, call.cost) == (
            "t1",
            "acme",
            "fine",
            "finished",
            18_900_000,
        )
        assert call.usage == Usage(1_000, 500, 3_000, 2_000, 100)
        for period in ("task", "day", "month"):
            (total,) = await book.sums(period)
            assert (total.calls, total.cost, total.usage, total.unpriced) == (1, 18_900_000, call.usage, 0)
        assert await book.held() == []


async def test_an_unknown_price_stays_unknown_and_is_no_zero(tmp_path: Path) -> None:
    async with ledgers(tmp_path, config()) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        reservation = await alice.reserve(10, NOBODY_KNOWS)
        assert await reservation.settle(Usage(7), "finished") is None
        ((_, call),) = await Book(alice.session.store).calls(2**62, None, 10)
        assert call.cost is None
        (total,) = await Book(alice.session.store).sums("day")
        assert (total.calls, total.unpriced, total.cost) == (1, 1, 0)


async def test_where_there_is_a_budget_a_model_without_price_is_refused_unless_allowed(tmp_path: Path) -> None:
    async with ledgers(tmp_path / "a", config(month=5)) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        text = await refused(alice.reserve(1, NOBODY_KNOWS), "budgets.month", 0)
        assert "ai_providers.acme.prices" in text
    async with ledgers(tmp_path / "b", config(month=5, unpriced="allow")) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        await (await alice.reserve(1, NOBODY_KNOWS)).settle(Usage(1), "finished")


@pytest.mark.parametrize("name", ["task", "day", "month", "host"])
async def test_a_call_whose_worst_case_does_not_fit_is_refused_and_costs_nothing(tmp_path: Path, name: str) -> None:
    async with ledgers(tmp_path, config(**{name: 10})) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        await alice.spend(6, task="t")
        text = await refused(alice.reserve(5, task="t"), f"budgets.{name}", 6)
        assert "up to 5 USD" in text
        await alice.spend(4, task="t")
        await refused(alice.reserve(1, task="t"), f"budgets.{name}", 10)
        await (await alice.reserve(1, FREE, task="t")).settle(Usage(1), "finished")
        assert await Book(alice.session.store).held() == []
        assert ledger.counts.refused == {f"budgets.{name}": 2}


async def test_a_task_has_a_budget_of_its_own_and_a_user_too_but_all_share_the_hosts(tmp_path: Path) -> None:
    async with ledgers(tmp_path, config(task=4, day=6, host=9)) as (ledger, sessions):
        alice, bob = [Hands(ledger, await sessions.open(uid)) for uid in ("alice", "bob")]
        await alice.spend(4, task="a")
        await refused(alice.reserve(1, task="a"), "budgets.task", 4)
        await alice.spend(2, task="b")
        await refused(alice.reserve(1), "budgets.day", 6)
        await bob.spend(3, task="a")
        await refused(bob.reserve(1), "budgets.host", 9)
        assert await bob.used() == 3


async def test_however_many_call_at_once_nothing_is_overspent(tmp_path: Path) -> None:
    async with ledgers(tmp_path, config(day=20, host=50)) as (ledger, sessions):
        everybody = [Hands(ledger, await sessions.open(f"u{number}")) for number in range(5)]
        dice = random.Random(7)
        most: dict[str, int] = {}

        async def call(who: Hands, worst: int, real: int) -> bool:
            try:
                reservation = await who.reserve(worst)
            except QuotaExceeded:
                return False
            spending = reservation.spendings
            for name, one in (("day", spending["day"]), ("host", spending["host"])):
                most[name] = max(most.get(name, 0), one.used)
            await asyncio.sleep(0)
            await reservation.settle(Usage(input=real), "finished")
            return True

        calls = [(who, worst, dice.randint(0, worst)) for who in everybody for worst in [dice.randint(1, 6)] * 30]
        dice.shuffle(calls)
        went = await asyncio.gather(*(call(*one) for one in calls))
        assert {True, False} == set(went)
        assert most["day"] <= 20 * NANOS
        assert most["host"] <= 50 * NANOS
        spent = [await who.used() for who in everybody]
        assert sum(x or 0 for x in spent) == sum(real for (_, _, real), was in zip(calls, went, strict=True) if was)
        assert (await ledger.host_status())["held"] == 0


async def test_an_answer_that_ends_early_gives_back_what_it_did_not_take(tmp_path: Path) -> None:
    async with ledgers(tmp_path, config(day=10)) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        await (await alice.reserve(10)).settle(Usage(2), "cancelled")
        assert await alice.used() == 2
        await (await alice.reserve(8)).settle(None, "failed")
        assert await alice.used() == 2
        await (await alice.reserve(8)).settle(None, "cut")
        assert await alice.used() == 10  # nobody knows what it took, so it took all


async def test_a_call_settled_while_its_task_is_cancelled_is_counted(tmp_path: Path) -> None:
    async with ledgers(tmp_path, config(day=10)) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        begun = asyncio.Event()

        async def call() -> None:
            reservation = await alice.reserve(10)
            try:
                begun.set()
                await asyncio.sleep(60)
            finally:
                await reservation.settle(Usage(3), "cancelled")

        async with asyncio.TaskGroup() as group:
            task = group.create_task(call())
            await begun.wait()
            task.cancel()
            await asyncio.sleep(0)
            task.cancel()
        await alice.session.store.flush()
        assert await Book(alice.session.store).spent("day", (await Book(alice.session.store).sums("day"))[0].key) == 3e9
        assert len(ledger) == 0


async def test_a_call_given_up_before_its_hold_is_durable_holds_nothing(tmp_path: Path) -> None:
    async with ledgers(tmp_path, config(day=10)) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        await alice.spend(1)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(alice.reserve(9))
            while not len(ledger):  # noqa: ASYNC110  every turn of the loop, as it is over within few
                await asyncio.sleep(0)
            task.cancel()
        await alice.session.store.flush()
        assert await Book(alice.session.store).held() == []
        await alice.spend(9)


async def test_its_user_is_told_at_80_and_90_per_cent_once(tmp_path: Path) -> None:
    async with ledgers(tmp_path, config(day=100, task=1_000)) as (ledger, sessions):
        alice, bob = [Hands(ledger, await sessions.open(uid)) for uid in ("alice", "bob")]
        follower = alice.events()
        for dollars in (79, 2, 8, 2, 5):
            await alice.spend(dollars, task="t")
        await bob.spend(1)
        events = []
        while batch := await follower.read():
            events += batch
        near = [one for one in events if one.type == "usage.onDidNearBudget"]
        assert [one.data_json for one in near] == [
            b'{"budget":"budgets.day","percent":80,"limit":100.0,"used":81.0}',
            b'{"budget":"budgets.day","percent":90,"limit":100.0,"used":91.0}',
        ]
        assert all(one.durable for one in near)
        assert len([one for one in events if one.type == "usage.onDidChange"]) == 5


async def test_a_users_own_budget_is_theirs_to_raise_and_never_above_the_operators(tmp_path: Path) -> None:
    async with ledgers(tmp_path, config(day=10)) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        await alice.session.settings.update("budgets.day", 5)
        await alice.spend(5)
        text = await refused(alice.reserve(1), "budgets.day", 5)
        assert "in your settings" in text
        await alice.session.settings.update("budgets.day", 1_000)
        await alice.spend(5)
        text = await refused(alice.reserve(1), "budgets.day", 10)
        assert "operator" in text
        for nonsense in (True, -1, "9", None, [1]):
            await alice.session.settings.update("budgets.day", nonsense)
            await refused(alice.reserve(1), "budgets.day", 10)


async def test_what_an_administrator_sets_counts_at_once_and_after_a_restart(tmp_path: Path) -> None:
    async with ledgers(tmp_path, config(day=10, host=100)) as (ledger, sessions):
        alice, rich = [Hands(ledger, await sessions.open(uid)) for uid in ("alice", "rich")]
        await rich.spend(50)
        await alice.spend(10)
        await refused(alice.reserve(1), "budgets.day", 10)
        await ledger.set_limits("alice", {"day": 12})
        await ledger.set_limits("", {"host": 61})
        await alice.spend(1)
        await refused(alice.reserve(1), "budgets.host", 61)
    async with ledgers(tmp_path, config(day=10, host=100)) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        assert ledger.operators("alice") == {"task": None, "day": 12, "month": None, "host": 61}
        await refused(alice.reserve(1), "budgets.host", 61)
        await ledger.set_limits("", {})
        await alice.spend(1)
        await refused(alice.reserve(1), "budgets.day", 12)


async def test_sleeping_and_waking_changes_no_sum(tmp_path: Path) -> None:
    async with ledgers(tmp_path, config(day=10)) as (ledger, sessions):
        await Hands(ledger, await sessions.open("alice")).spend(9)
        await sessions.close("alice")
        alice = Hands(ledger, await sessions.open("alice"))
        await refused(alice.reserve(2), "budgets.day", 9)
        assert await ledger.by_user("2026-02") == {"alice": 9}


async def test_a_session_ends_whole_though_the_hosts_rows_cannot_be_written(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions, databases(tmp_path / "users") as users:
        async with databases(tmp_path / "host") as own:
            ledger = Ledger(config(), own.store(NAME), users.store, Clock())
            await ledger.begin()
            await Hands(ledger, await sessions.open("alice")).spend(3)
        await sessions.close("alice")
        async with databases(tmp_path / "host") as own:
            ledger = Ledger(config(host=5), own.store(NAME), users.store, Clock())
            await ledger.begin()
            bob = Hands(ledger, await sessions.open("bob"))
            await refused(bob.reserve(3), "budgets.host", 3)
            await sessions.close("bob")


async def test_a_new_day_and_a_new_month_begin_at_nothing(tmp_path: Path) -> None:
    clock = Clock()
    async with ledgers(tmp_path, config(day=10, month=15, host=15), clock) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        await alice.spend(10)
        await refused(alice.reserve(1), "budgets.day", 10)
        clock.time += timedelta(days=1)
        over_night = await alice.reserve(5)
        await refused(alice.reserve(1), "budgets.month", 15)
        clock.time += timedelta(days=1)
        assert month_of(clock()) == "2026-03"
        await alice.spend(10)
        await over_night.settle(Usage(4), "finished")
        assert {one.key: one.cost // NANOS for one in await Book(alice.session.store).sums("day")} == {
            "2026-02-27": 10,
            "2026-02-28": 4,
            "2026-03-01": 10,
        }
        assert (await ledger.host_status())["used"] == 10
        assert [await ledger.by_user(month) for month in ("2026-02", "2026-03")] == [{"alice": 14}, {"alice": 10}]


async def test_a_clock_that_is_put_forward_and_back_gives_nothing_twice(tmp_path: Path) -> None:
    clock = Clock()
    async with ledgers(tmp_path, config(day=10), clock) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        await alice.spend(10)
        clock.time += timedelta(days=1)
        await alice.spend(9)
        clock.time -= timedelta(days=1)
        await refused(alice.reserve(1), "budgets.day", 10)
        clock.time += timedelta(days=1)
        await refused(alice.reserve(2), "budgets.day", 9)
    clock.time -= timedelta(days=1)
    async with ledgers(tmp_path, config(day=10), clock) as (ledger, sessions):
        await refused(Hands(ledger, await sessions.open("alice")).reserve(1), "budgets.day", 10)


async def test_many_tasks_in_memory_do_not_lose_what_each_spent(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("host.wallet.MOST", 5)
    async with ledgers(tmp_path, config(task=3)) as (ledger, sessions):
        alice = Hands(ledger, await sessions.open("alice"))
        held = await alice.reserve(1, task="held")
        for _ in range(3):
            for number in range(12):
                await alice.spend(1, task=f"t{number}")
        for number in range(12):
            await refused(alice.reserve(1, task=f"t{number}"), "budgets.task", 3)
        await refused(alice.reserve(3, task="held"), "budgets.task", 1)
        await held.settle(Usage(1), "finished")


PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.host.test_ledger import DOLLAR, Hands, config, ledgers
from sessions.models import Usage

async def main(folder):
    async with ledgers(Path(folder), config()) as (ledger, sessions):
        hands = [Hands(ledger, await sessions.open(f"u{n % 5}")) for n in range(50)]
        async def call(number, who):
            while True:
                reservation = await who.reserve(3, task=f"t{number}")
                print("held", who.session.uid, flush=True)
                await asyncio.sleep(0)
                await reservation.settle(Usage(input=2), "finished")
                print("done", who.session.uid, flush=True)
        async with asyncio.TaskGroup() as group:
            for number, who in enumerate(hands):
                group.create_task(call(number, who))

asyncio.run(main(sys.argv[1]))
"""


async def test_after_a_kill_amid_fifty_streams_every_finished_call_is_there_and_the_rest_counts_in_full(
    tmp_path: Path,
) -> None:
    said = await asyncio.to_thread(killed_at_random, PROGRAM, tmp_path, lines=300)
    done = {uid: sum(line == f"done {uid}" for line in said) for uid in (f"u{n}" for n in range(5))}
    held = {uid: sum(line == f"held {uid}" for line in said) for uid in done}
    async with ledgers(tmp_path, config()) as (ledger, sessions):
        host = (await ledger.host_status())["used"]
        whole = 0.0
        for uid in done:
            hands = Hands(ledger, await sessions.open(uid))
            book = Book(hands.session.store)
            calls = [call for _, call in await book.calls(2**62, None, 100_000)]
            finished = [call for call in calls if call.outcome == "finished"]
            lost = [call for call in calls if call.outcome == "lost"]
            assert len(finished) >= done[uid]
            assert len(finished) + len(lost) >= held[uid]
            assert all(call.cost == 3 * NANOS for call in lost)
            assert await book.held() == []
            spent = await hands.used()
            assert spent == 2 * len(finished) + 3 * len(lost)
            whole += spent
        assert host == whole > 0
        assert ledger.operators("u1")["day"] is None
