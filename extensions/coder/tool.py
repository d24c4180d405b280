"""What a tool of the agent is: a name, a schema, a plan. The engine asks for leave between the plan and the deed.

A tool looks before it acts: `plan` reads what it needs and says what it would do (for the permissions) and what a
person would want to see of it; `Plan.act` does it, once, after leave was given. Nothing here knows a model or a task.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import shim as vscode
from extensions.coder.access import Access, Protection
from extensions.coder.modes import Mode

Kind = Literal[
    "read",
    "write",
    "delete",
    "execute",
    "work",
    "browser",
    "web",
    "mcp",
    "mode",
    "subtask",
    "finish",
    "question",
    "free",
]
"""What leave is asked for. `work`: a command works in a folder elsewhere. `free` needs none: todo lists, skills."""


Effect = Literal["complete", "question", "todos", "mode", "subtask"]
"""What a call may change of its task: end it, ask its user, replace its todo list, its mode, or begin one below it."""


class ToolError(Exception):
    """The call cannot be done as it was made: the model reads the sentence, nothing was changed."""


TYPED = "typed"
"""The `name` of an `execute` action that a running program reads, and no shell."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a call would do, as permissions judge it."""

    kind: Kind
    path: str | None = None
    """Absolute and normalised, for `read`, `write`, `delete` and `work` (None: only the shell knows)."""
    command: str | None = None
    """The whole line, for `execute`."""
    name: str | None = None
    """The tool for `mcp`, the URL for `web` and `browser`, the mode for `mode` and `subtask`."""
    definition: str | None = None
    """What a tool of `mcp` says of itself, in short: one that changes has to be allowed anew."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture for the model."""

    data: bytes
    mime: str


@dataclass(frozen=True, slots=True)
class Result:
    """What the model reads of a call."""

    text: str
    images: tuple[Image, ...] = ()
    failed: bool = False
    shown: Mapping[str, Any] | None = None
    """What a person sees of it beyond the text: JSON."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a call would do. `act` may be called once."""

    act: Callable[[], Awaitable[Result]]
    actions: tuple[Action, ...] = (Action("free"),)
    shown: Mapping[str, Any] = field(default_factory=dict)
    """For whoever is asked: JSON such as `{"path": …, "diff": unified diff}` or `{"command": …, "cwd": …}`."""


class Use(Protocol):
    """What a call may know of its task, and how it speaks while it works."""

    task_id: str
    call_id: str
    mode: Mode
    cwd: str
    """The workspace folder that relative paths are below."""
    access: Access
    protection: Protection
    token: vscode.CancellationToken
    """Cancelled when the task is aborted or paused."""
    sees_images: bool
    """Whether the model does."""
    is_allowed: bool
    """Whether a person has allowed this very call, which is planned anew."""
    depth: int
    """How many tasks are above this one."""
    has_open_todos: bool
    notes: dict[str, Any]
    """What tools of this task remember while the host lives (files read, mistakes by file): lost with a restart."""

    def may_read(self, path: str) -> bool:
        """Whether a file may be read without asking: an absolute path without links."""

    async def modes(self) -> Sequence[Mode]:
        """The modes that there are in the task's folder."""

    def effect(self, kind: Effect, **data: Any) -> None:
        """Change the task itself, together with the end of this call."""

    def stream(self, text: str) -> None:
        """Show output while it comes, as a `coder.delta` of this call."""

    def store(self) -> vscode.Uri:
        """The task's own folder for what is too long to show, outside the workspace."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. Its description for the model is `prompts/tools/<name>.md`."""

    name: str
    parameters: Mapping[str, Any]
    """JSON schema of an object, `additionalProperties` false; arguments are checked against it before `plan`."""
    plan: Callable[[Use, Mapping[str, Any]], Awaitable[Plan]]
    aliases: tuple[str, ...] = ()
    is_reading: bool = False
    """Changes nothing: such calls of one answer run side by side."""
    is_alone: bool = False
    """Must be the only call of its answer (`new_task`, `attempt_completion`)."""
    is_record: bool = False
    """Changes only its task, in one commit with its end: it cannot be broken off half-done."""
    available: Callable[[], bool] | None = None
    """Whether the tool can work here (an extra is installed, an index is ready)."""
    schema: dict[str, Any] = field(init=False, repr=False, compare=False)
    """The parameters as plain JSON, made once; nobody changes it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", _plain(self.parameters))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
