"""What one user's calls of language models took: each call a row, and sums by task, day, month. It knows no price."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sessions.models import Usage
from sessions.store import Statement, Store

NANOS = 1_000_000_000
"""Money is counted in whole billionths of a USD, so that sums of any length are exact."""

KEPT_CALLS = 50_000
"""How many of a user's newest calls are kept one by one; the sums keep all of them."""

KEPT_TASKS = 10_000
"""The sums of how many of a user's tasks are kept: those that called a model last."""

LOST = "lost"
"""The outcome of a call that a killed host never heard the end of: counted as what it had held back."""

COLUMNS = "provider, model, input, output, cache_read, cache_write, thinking, cost"
RECORD = f"INSERT INTO calls (time, task, {COLUMNS}, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ADD = (
    f"INSERT INTO usage (period, key, {COLUMNS}, calls, unpriced, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)"
    " ON CONFLICT DO UPDATE SET calls = calls + 1, last = max(last, excluded.last), "
    + ", ".join(
        f"{name} = {name} + excluded.{name}"
        for name in ("input", "output", "cache_read", "cache_write", "thinking", "cost", "unpriced")
    )
)
HOLD = f"INSERT INTO holds (id, time, task, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
RELEASE = "DELETE FROM holds WHERE id = ?"
HELD = f"SELECT id, time, task, {COLUMNS} FROM holds ORDER BY time, id"
FORGET_CALLS = f"DELETE FROM calls WHERE id <= (SELECT max(id) FROM calls) - {KEPT_CALLS}"
FORGET_TASKS = (
    "DELETE FROM usage WHERE period = 'task' AND key NOT IN (SELECT key FROM usage WHERE period = 'task'"
    f" GROUP BY key ORDER BY max(last) DESC LIMIT {KEPT_TASKS})"
)
SPENT = "SELECT coalesce(sum(cost), 0) FROM usage WHERE period = ? AND key = ?"
SUMS = (
    f"SELECT key, {COLUMNS}, calls, unpriced, last FROM usage WHERE period = ? AND key >= ? AND key <= ?"
    " ORDER BY key DESC, provider, model LIMIT ?"
)
TASKS = (
    f"SELECT key, {COLUMNS}, calls, unpriced, last FROM usage WHERE period = 'task'"
    " ORDER BY last DESC, key, provider, model LIMIT ?"
)
CALLS = (
    f"SELECT id, time, task, {COLUMNS}, outcome FROM calls WHERE id < ? AND (? IS NULL OR task = ?)"
    " ORDER BY id DESC LIMIT ?"
)


class Call(NamedTuple):
    """One call that has ended. `time` is ms since 1970 when it began, `cost` billionths of a USD, None: unknown."""

    time: int
    task: str | None
    provider: str
    model: str
    usage: Usage
    cost: int | None
    outcome: str


class Hold(NamedTuple):
    """What a call that runs may take at most, as it is noted before the call begins."""

    id: str
    time: int
    task: str | None
    provider: str
    model: str
    worst: Usage
    cost: int | None

    def lost(self) -> Call:
        """The call as it counts where nobody knows how it ended: all of what was held back."""
        return Call(self.time, self.task, self.provider, self.model, self.worst, self.cost, LOST)


class Sum(NamedTuple):
    """What a model took in one task, day or month (`key`); `unpriced` calls are in the tokens but not in the cost."""

    key: str
    provider: str
    model: str
    usage: Usage
    cost: int
    calls: int
    unpriced: int
    last: int


def day_of(time: int) -> str:
    """The UTC day of `time` (ms since 1970), such as 2026-02-28."""
    return datetime.fromtimestamp(time / 1000, UTC).strftime("%Y-%m-%d")


def month_of(time: int) -> str:
    """The UTC month of `time`, such as 2026-02."""
    return day_of(time)[:7]


def periods(time: int, task: str | None) -> list[tuple[str, str]]:
    """What a call of that time and task is summed under: (period, key)."""
    found = [("day", day_of(time)), ("month", month_of(time))]
    return found + ([("task", task)] if task is not None else [])


class Book:
    """The rows of one user's store. All that belongs to one call is written together or not at all."""

    __slots__ = ("store",)

    def __init__(self, store: Store) -> None:
        self.store = store

    def hold(self, hold: Hold) -> asyncio.Future[None]:
        """Note a call that is about to begin; await it before the call, so that a kill cannot forget it."""
        place = (hold.id, hold.time, hold.task, hold.provider, hold.model)
        return self.store.write(HOLD, (*place, *_tokens(hold.worst), hold.cost))

    def settle(self, call: Call, hold: str) -> asyncio.Future[None]:
        """Record a call that has ended in the place of what it held back."""
        return self.store.write_all([*_record(call), (RELEASE, (hold,)), (FORGET_CALLS, ())])

    def drop(self, hold: str) -> asyncio.Future[None]:
        """Forget a hold whose call never began."""
        return self.store.write(RELEASE, (hold,))

    async def recover(self, alive: Iterable[str] = ()) -> list[Call]:
        """Record as lost every call that is held and not `alive` (ids of holds): a host was killed under it."""
        running = set(alive)
        lost = [hold for hold in await self.held() if hold.id not in running]
        if lost:
            statements = [one for hold in lost for one in (*_record(hold.lost()), (RELEASE, (hold.id,)))]
            await self.store.write_all(statements)
        return [hold.lost() for hold in lost]

    async def held(self) -> list[Hold]:
        """The calls that run, or ran when a host was killed."""
        rows = await self.store.read(HELD)
        return [Hold._make([*row[:5], Usage(*row[5:10]), row[10]]) for row in rows]

    async def forget_old_tasks(self) -> None:
        """Keep the sums of the newest `KEPT_TASKS` tasks only."""
        ((tasks,),) = await self.store.read("SELECT count(DISTINCT key) FROM usage WHERE period = 'task'")
        if tasks > KEPT_TASKS:
            await self.store.write(FORGET_TASKS)

    async def spent(self, period: str, key: str) -> int:
        """The known cost of one task, day or month, in billionths of a USD."""
        ((spent,),) = await self.store.read(SPENT, (period, key))
        return int(spent)

    async def sums(self, period: str, first: str = "", last: str = "~", limit: int = 5_000) -> list[Sum]:
        """A row for each key from `first` to `last` and each model in it, the newest key first."""
        return await asyncio.to_thread(_summed, await self.store.read(SUMS, (period, first, last, limit)))

    async def tasks(self, limit: int = 5_000) -> list[Sum]:
        """A row for each task and each model in it, the task that called last first."""
        return await asyncio.to_thread(_summed, await self.store.read(TASKS, (limit,)))

    async def calls(self, before: int, task: str | None, limit: int) -> list[tuple[int, Call]]:
        """The newest calls with a number under `before`, each with its number, of one task or of all."""
        rows = await self.store.read(CALLS, (before, task, task, limit))
        return [(row[0], Call._make([*row[1:5], Usage(*row[5:10]), *row[10:]])) for row in rows]


def _record(call: Call) -> list[Statement]:
    amounts = (call.provider, call.model, *_tokens(call.usage))
    row: Statement = (RECORD, (call.time, call.task, *amounts, call.cost, call.outcome))
    known = (*amounts, call.cost or 0, int(call.cost is None), call.time)
    return [row, *((ADD, (period, key, *known)) for period, key in periods(call.time, call.task))]


def _tokens(usage: Usage) -> tuple[int, int, int, int, int]:
    return usage.input, usage.output, usage.cache_read, usage.cache_write, usage.thinking


def _summed(rows: Iterable[tuple[Any, ...]]) -> list[Sum]:
    """Thousands of them take longer than the loop has."""
    return [_sum(row) for row in rows]


def _sum(row: tuple[Any, ...]) -> Sum:
    key, provider, model, *amounts = row
    return Sum(key, provider, model, Usage(*amounts[:5]), *amounts[5:])
