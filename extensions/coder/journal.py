"""The tasks of one user on the disk: a commit for each step, and its events once it is there. It decides nothing."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from extensions.coder.task import Call, Conversation, Draft, Json, Task
from shim.proposed import background, records
from shim.proposed.records import Change, Delete, Put

TASKS = "tasks"
OPEN = "open"
"""The ids of the tasks that go on by themselves."""

RUNS = frozenset({"pending", "running"})
CALLED = MappingProxyType(
    {"asked": "pending", "allowed": "pending", "waiting": "waiting", "interrupted": "interrupted", "begun": "running"}
    | {"done": "done"}
)
"""The states of calls as clients know them from `coder.message`."""

PAGE = 500
MOST = 900
"""Changes of one commit; `records` takes some more."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """A task's id: ids are in the order of their making."""
    return f"{now_ms():012x}{secrets.token_hex(6)}"


def key_of(number: int) -> str:
    """A record's key; keys are in the order of their numbers."""
    return f"{number:08d}"


async def whole(work: Coroutine[Any, Any, None]) -> None:
    """Do a step to its end, also where who waits for it is broken off: memory is never behind the disk."""
    await asyncio.shield(background.start(work, "step of a task"))


async def commit(
    conversation: Conversation, draft: Draft, *, along: list[tuple[Conversation, Draft]] | None = None
) -> None:
    """Make a step durable, with steps of other tasks where they belong together, and then show it.

    Raises what `records.commit` raises; then nothing was changed.
    """
    pairs = [(conversation, draft), *(along or [])]
    for one, its in pairs:
        if its.task != one.task:
            its.change(updated_at=max(now_ms(), one.task.updated_at))
    changes = [change for one, its in pairs for change in _changes(one, its)]
    told = [event for one, its in pairs for event in _events(one, its)]
    while len(changes) > MOST:  # a long conversation that is condensed: each part of it leaves one that can be read
        await records.commit(changes[:MOST])
        changes = changes[MOST:]
    await records.commit(changes, told[0] if told else None, more=told[1:])
    for one, its in pairs:
        one.apply(its)


def _changes(conversation: Conversation, draft: Draft) -> Iterator[Change]:
    task = draft.task
    if draft.task != conversation.task or task.created_at == task.updated_at:
        yield Put(TASKS, task.task_id, task.stored())
        yield Put(OPEN, task.task_id, True) if _is_open(task) else Delete(OPEN, task.task_id)
    for message in sorted(draft.said, key=lambda one: -one["id"]):  # moved by one place, none is lost half-way
        yield Put(f"messages.{task.task_id}", key_of(message["id"]), message)
    for message in draft.shown:
        yield Put(f"shown.{task.task_id}", key_of(message["id"]), message)
    if draft.forgets_calls:
        yield Delete(f"calls.{task.task_id}")
    for call in () if draft.forgets_calls else draft.calls:
        yield Put(f"calls.{task.task_id}", call.call_id, call.stored())
    for approval in draft.approvals:
        if approval["status"] != "waiting":
            yield Put(f"approvals.{task.task_id}", approval["approvalId"], approval)


def _is_open(task: Task) -> bool:
    """Whether it goes on by itself, or may: a question can be answered by the time, a budget be raised."""
    return task.status in RUNS or (task.status == "waiting" and task.waiting_for in ("question", "budget"))


def _events(conversation: Conversation, draft: Draft) -> Iterator[tuple[str, Json]]:
    task_id = draft.task.task_id
    for message in draft.shown:
        yield "coder.message", {"taskId": task_id, "message": message}
    for approval in draft.approvals:
        yield "coder.approval", approval
    if draft.task != conversation.task or draft.task.created_at == draft.task.updated_at:
        yield "coder.task", draft.task.told() | _called(draft)


def _called(draft: Draft) -> Json:
    """The call that a step is about, where it is about one."""
    if len(draft.calls) != 1:
        return {}
    call = draft.calls[0]
    status = "failed" if (call.result or {}).get("failed") else CALLED[call.state]
    return {"toolCall": {"callId": call.call_id, "name": call.name, "status": status}}


async def read(task_id: str) -> Conversation | None:
    """A task as it is on the disk."""
    record = await records.get(TASKS, task_id)
    if record is None:
        return None
    task = Task.read(record)
    messages = [one async for one in everything(f"messages.{task_id}") if one["id"] <= task.messages]
    open_calls = {one.call_id: one for one in await calls(task_id)}
    seen = {one.shown_id: await records.get(f"shown.{task_id}", key_of(one.shown_id)) for one in open_calls.values()}
    return Conversation(task, messages, open_calls, {number: one for number, one in seen.items() if one})


async def everything(collection: str) -> Any:
    """The values of a collection, in the order of their keys."""
    after = ""
    while page := await records.page(collection, after=after, limit=PAGE):
        for _, value in page:
            yield value
        after = page[-1][0]


async def tasks(before: str | None, limit: int) -> list[Task]:
    """The newest tasks, from below one."""
    page = await records.page(TASKS, before=before or "\U0010ffff", limit=limit)
    return [Task.read(value) for _, value in page]


async def open_tasks() -> list[str]:
    """The ids of the tasks that go on by themselves, oldest first."""
    return [key for key, _ in await records.page(OPEN)]


async def row(task_id: str) -> Task | None:
    """A task without its conversation."""
    record = await records.get(TASKS, task_id)
    return None if record is None else Task.read(record)


async def calls(task_id: str) -> list[Call]:
    """The calls of the newest answer, where some are not done."""
    return [Call.read(value) async for value in everything(f"calls.{task_id}")]


async def shown(task: Task, after: int, limit: int) -> list[Json]:
    """What people see of a task, in order."""
    page = await records.page(f"shown.{task.task_id}", after=key_of(after), limit=limit)
    return [value for _, value in page if value["id"] <= task.shown]


async def rewind(conversation: Conversation, draft: Draft, message: int, seen: int) -> None:
    """Remove the messages after number `message`, and what people saw after number `seen`."""
    task = conversation.task
    draft.task = replace(draft.task, messages=message, shown=seen, updated_at=now_ms())
    # The row says how much counts: what is behind it is nobody's, also where the host ends before it is removed.
    begun: list[Change] = [Put(TASKS, task.task_id, draft.task.stored()), Delete(f"calls.{task.task_id}")]
    await records.commit(begun, ("coder.rewound", {"taskId": task.task_id, "after": seen}))
    removed: list[Change] = [
        Delete(f"messages.{task.task_id}", key_of(number)) for number in range(message + 1, task.messages + 1)
    ]
    removed += [Delete(f"shown.{task.task_id}", key_of(number)) for number in range(seen + 1, task.shown + 1)]
    for at in range(0, len(removed), MOST):
        await records.commit(removed[at : at + MOST])
    conversation.task = draft.task
    del conversation.messages[message:]
    conversation.calls.clear()
    conversation.shown.clear()


async def remove(task_id: str) -> None:
    """Forget a task and all that was said in it."""
    kept = ("messages", "shown", "calls", "approvals")
    gone = [Delete(f"{one}.{task_id}") for one in kept]
    await records.commit(
        [Delete(TASKS, task_id), Delete(OPEN, task_id), *gone], ("coder.task", {"taskId": task_id, "status": "deleted"})
    )
