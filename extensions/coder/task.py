"""A task as it stands: what was said, what was called, what comes next. It is a fold over records; no I/O is here.

Every step is a `Draft`: records to put, and what clients are told of it. A draft is committed whole before anything
of it shows, so a task that is read again after a crash is one that some commit left, and `Conversation.next` says
how it goes on. A call is noted as begun before it acts: one that began and did not end is never made again unasked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from extensions.coder.bounded import bounded

Status = Literal["pending", "running", "waiting", "paused", "completed", "failed", "aborted", "delegated"]
ENDED: frozenset[str] = frozenset({"completed", "failed", "aborted"})
Reason = Literal["approval", "question", "budget"]
Step = Literal["ask", "call", "rest"]
CallState = Literal["asked", "waiting", "allowed", "begun", "interrupted", "done"]

QUEUED = 32
"""Messages of a person that wait for a busy task at most."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One row: what a list of tasks shows, and what a task goes on from."""

    task_id: str
    status: Status
    mode: str
    title: str
    created_at: int
    """Milliseconds since 1970, as all times here."""
    updated_at: int
    cwd: str
    model: str | None = None
    parent_task_id: str | None = None
    child_task_id: str | None = None
    waiting_for: Reason | None = None
    todos: tuple[Json, ...] = ()
    cost: float | None = 0.0
    """USD; None once a call of unknown price was among them."""
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    context_tokens: int = 0
    context_window: int = 0
    result: str | None = None
    error: str | None = None
    question: Json | None = None
    """`{callId, text, suggestions}` while it waits for an answer."""
    queue: tuple[Json, ...] = ()
    """`{id, text, mode, content, to}` of a person, for later; `to` is the mode that its slash command asks for."""
    requests: int = 0
    """Calls of the model since a person last said to go on."""
    spent: float = 0.0
    """USD since then."""
    mistakes: int = 0
    """Answers in a row that could not be used."""
    repeated: Json | None = None
    """The last call and how often it was made in a row."""
    messages: int = 0
    shown: int = 0
    depth: int = 0
    """How many tasks are above it."""
    kind: str | None = None
    """What kind of work it is (seed 003), where somebody said so."""
    granted: tuple[str, ...] = ()
    """What a person allowed for the whole task: keys of `permissions.SWITCHES`."""
    short: Json | None = None
    """`{budget, needed}` while it waits for money; `needed` USD, None where no amount is enough."""
    served: str | None = None
    """The id of the model that was asked last."""
    limit: Json | None = None
    """The approval that is asked for once requests or costs reached what the user set."""
    completing: str | None = None
    """What `attempt_completion` said, until the other calls of its answer are done."""

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    def stored(self) -> Json:
        """As a record."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name)) != one.default}

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Task:
        """Of a record."""
        known = {one.name for one in fields(cls)}
        given = {name: value for name, value in record.items() if name in known}
        return cls(**given | {name: tuple(given.get(name, ())) for name in ("todos", "queue", "granted")})

    def told(self) -> Json:
        """What clients see: `coder.task` and the REST API."""
        told: Json = {
            "taskId": self.task_id,
            "status": self.status,
            "mode": self.mode,
            "model": self.served or self.model,
            "title": self.title,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "todos": list(self.todos),
            "cost": self.cost,
            "usage": {
                "input": self.input, "output": self.output, "cacheRead": self.cache_read, "cacheWrite": self.cache_write
            },
            "contextTokens": self.context_tokens,
            "contextWindow": self.context_window,
            "progress": self.progress,
        }  # fmt: skip
        optional = {
            "parentTaskId": self.parent_task_id,
            "childTaskId": self.child_task_id,
            "waitingFor": self.waiting_for,
            "result": self.result,
            "message": self.error,
            "question": self.question,
            "queue": [{name: one[name] for name in ("id", "text", "mode")} for one in self.queue] or None,
        }
        return told | {name: value for name, value in optional.items() if value is not None}

    @property
    def progress(self) -> float | None:
        """How much of the todo list is done, 0 to 1; None without one."""
        if self.status == "completed":
            return 1.0
        done = sum(one.get("status") == "completed" for one in self.todos)
        return round(done / len(self.todos), 3) if self.todos else None


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call of the newest answer, until all of them are done."""

    call_id: str
    at: int
    """Its place in the answer."""
    name: str
    arguments: Json
    state: CallState = "asked"
    shown_id: int = 0
    """The message that people see of it."""
    approval: Json | None = None
    """`{approvalId, actions, shown, patterns}` while leave is asked for, and what was decided."""
    result: Json | None = None
    """`{text, failed, images}` once it is done."""
    plan: str | None = None
    """What it would do, in short, from when it began."""

    def stored(self) -> Json:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> Call:
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in record.items() if name in known})


@dataclass(slots=True)
class Draft:
    """Changes of one task that belong together."""

    task: Task
    said: list[Json] = field(default_factory=list)
    """Messages of the conversation with the model, appended or put in the place of those of their `id`."""
    shown: list[Json] = field(default_factory=list)
    """Messages for people, the same way."""
    calls: list[Call] = field(default_factory=list)
    forgets_calls: bool = False
    """No call is kept, those of this draft included."""
    approvals: list[Json] = field(default_factory=list)
    """`coder.approval` events."""

    def change(self, **changes: Any) -> None:
        """Change fields of the task."""
        self.task = replace(self.task, **changes)

    def say(self, role: str, content: list[Json], now: int, **more: Any) -> Json:
        """Append a message to the conversation."""
        message = {"id": self.task.messages + 1, "ts": now, "role": role, "content": content, **more}
        self.change(messages=message["id"])
        self.said.append(message)
        return message

    def show(self, kind: str, now: int, **more: Any) -> int:
        """Append what people see; gives its number."""
        number = self.task.shown + 1
        self.change(shown=number)
        self.shown.append({"id": number, "ts": now, "kind": kind, **more})
        return number

    def call(self, call: Call) -> None:
        """Put a call in the place of the one of its id."""
        self.calls = [one for one in self.calls if one.call_id != call.call_id] + [call]


@dataclass(slots=True)
class Conversation:
    """All of one task in memory, equal to what is on the disk."""

    task: Task
    messages: list[Json] = field(default_factory=list)
    """With the model, in order."""
    calls: dict[str, Call] = field(default_factory=dict)
    shown: dict[int, Json] = field(default_factory=dict)
    """The messages for people that calls still change."""
    is_removed: bool = False
    """Whether the task is gone: nothing of it is written any more."""

    def draft(self) -> Draft:
        return Draft(self.task)

    def apply(self, draft: Draft) -> None:
        """Take what was committed."""
        self.task = draft.task
        for message in draft.said:
            if message["id"] <= len(self.messages):
                self.messages[message["id"] - 1] = message
            else:
                self.messages.append(message)
        if draft.forgets_calls:
            self.calls.clear()
            self.shown.clear()
        for call in () if draft.forgets_calls else draft.calls:
            self.calls[call.call_id] = call
        kept = {call.shown_id for call in self.calls.values()}
        self.shown.update({one["id"]: one for one in draft.shown if one["id"] in kept})

    @property
    def next(self) -> Step:
        """What a run does now: ask the model, work on calls, or rest."""
        if self.task.status not in ("pending", "running"):
            return "rest"
        if self.calls:
            return "call"
        return "ask"

    @property
    def open_calls(self) -> list[Call]:
        """Those that are not done, in their order."""
        return sorted((one for one in self.calls.values() if one.state != "done"), key=lambda one: one.at)

    @property
    def begun_calls(self) -> list[Call]:
        """Those that were being made."""
        return [one for one in self.open_calls if one.state == "begun"]

    @property
    def waiting_calls(self) -> list[Call]:
        """Those that wait for a person's leave."""
        return [one for one in self.open_calls if one.state in ("waiting", "interrupted")]


def interrupted(conversation: Conversation, now: int) -> Draft | None:
    """What a task that is read again after a crash must note first: calls that had begun wait for a person."""
    if not (begun := conversation.begun_calls):
        return None
    draft = conversation.draft()
    for call in begun:
        ask_about(draft, conversation, call, now)
    return draft


def ask_about(draft: Draft, conversation: Conversation, call: Call, now: int) -> None:
    """Ask whether a call that began and did not end is to be made again."""
    approval = {
        "taskId": draft.task.task_id,
        "approvalId": f"{call.call_id[:64]}-again-{now}",
        "callId": call.call_id,
        "tool": call.name,
        "actions": [],
        "shown": {"interrupted": True, "arguments": _seen(conversation, call)["arguments"]},
        "patterns": [],
        "status": "waiting",
    }
    draft.call(replace(call, state="interrupted", approval=approval))
    draft.approvals.append(approval)
    reshow(draft, conversation, call, status="interrupted")
    draft.change(status="waiting", waiting_for="approval", updated_at=now)


def reshow(draft: Draft, conversation: Conversation, call: Call, **changes: Any) -> None:
    """Change what people see of a call."""
    mine = [one for one in draft.shown if one["id"] == call.shown_id]
    before = mine[0] if mine else {"ts": draft.task.updated_at, **_seen(conversation, call)}
    draft.shown = [one for one in draft.shown if one["id"] != call.shown_id] + [{**before, **changes}]


def _seen(conversation: Conversation, call: Call) -> Json:
    """What people see of a call, as it was last shown: its arguments are within their bounds by then."""
    made = {"id": call.shown_id, "kind": "tool", "callId": call.call_id, "name": call.name}
    return conversation.shown.get(call.shown_id) or {**made, "arguments": bounded(call.arguments)}
