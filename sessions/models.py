"""What goes to a language model and what comes back, as plain values, and who passes it on. No model is asked here.

Everything is immutable. The host implements `Models` and `Ledger`; the shim turns VS Code's `lm` into these values.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from sessions.context import SessionContext

Role: TypeAlias = Literal["user", "assistant"]
ToolChoice: TypeAlias = Literal["auto", "required", "none"]
Reason: TypeAlias = Literal["stop", "length", "tool_calls", "blocked", "other"]
"""Why an answer ended: by itself, at its longest, to call tools, refused by the provider, or as only it knows."""
Outcome: TypeAlias = Literal["finished", "cancelled", "cut", "failed"]
"""What became of a call: answered in full, no longer wanted, broken off after it began, or never answered."""


# -- models


@dataclass(frozen=True, slots=True)
class Price:
    """USD for a million tokens; None where the provider names none."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    long_above: int = 0
    """From more tokens of input than this the whole call is at the price `long`, where there is one."""
    long: Price | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model can be given beside text, and what it can do."""

    tools: bool = True
    images: bool = False
    thinking: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A model that one user may ask. `id` is `<provider>/<the provider's own name>`, `vendor` is the provider's id."""

    id: str
    name: str
    vendor: str
    family: str = ""
    version: str = ""
    max_input_tokens: int = 128_000
    max_output_tokens: int = 8_192
    capabilities: Capabilities = field(default_factory=Capabilities)
    price: Price | None = None
    """None: unknown, which is never the same as free."""

    @property
    def own_name(self) -> str:
        """What its provider calls it."""
        return self.id.removeprefix(f"{self.vendor}/")


# -- what is said


@dataclass(frozen=True, slots=True)
class Text:
    """Text of a message, or the next piece of an answer's."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """What the model thought, or the next piece of it; given back to it unchanged, it needs its `signature`.

    In a stream the signature comes last, with an empty text. A `redacted` one is only a signature.
    """

    text: str
    signature: str = ""
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """An image; `mime` such as `image/png`."""

    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool; always whole, and `arguments` are a JSON object."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of the call `call_id`."""

    call_id: str
    content: tuple[Text | Image, ...]
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class CacheMark:
    """All before this stays the same from request to request: a good place for the provider to cache up to."""


Part: TypeAlias = Text | Thinking | Image | ToolCall | ToolResult | CacheMark


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool that the model may call; `schema` is the JSON schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model, of one user."""

    model: str
    """A `Model.id`."""
    messages: tuple[Message, ...]
    system: tuple[Text | CacheMark, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: ToolChoice = "auto"
    forced_tool: str | None = None
    """The one tool that must be called; stands above `tool_choice`."""
    max_output_tokens: int | None = None
    """None: as many as the model can."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What else the provider takes, such as `temperature`, `stop` or `effort`; unknown ones are refused."""
    task: str | None = None
    """The task of the coding agent that this is for, for budgets and costs."""


# -- what comes back


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a call. The three kinds of input do not overlap; `thinking` is a part of `output`."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    thinking: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.thinking + other.thinking,
        )

    @property
    def all_input(self) -> int:
        """Every token that the model read, cached or not."""
        return self.input + self.cache_read + self.cache_write


@dataclass(frozen=True, slots=True)
class Queued:
    """The request waits for its turn: so many are served before it does, itself counted."""

    position: int


@dataclass(frozen=True, slots=True)
class Retrying:
    """The provider failed before it said anything; it is asked again in `in_s` seconds."""

    reason: str
    in_s: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The last item of every answer that is whole. `cost` is USD, None where the price is unknown."""

    reason: Reason
    usage: Usage
    cost: float | None = None


Item: TypeAlias = Text | Thinking | ToolCall | Queued | Retrying | Finished
"""What a stream gives. Tool calls come with the end of an answer that is whole, so none of a broken one is ever run."""


class Models(Protocol):
    """The models of every user of a host."""

    async def models(self, session: SessionContext) -> Sequence[Model]:
        """The models that this user may ask, in the order of their preference."""

    def stream(self, session: SessionContext, request: Request) -> AbstractAsyncContextManager[AsyncIterator[Item]]:
        """Ask. The items end with `Finished`; leaving the body before that cancels the call at once.

        Raises `LanguageModelError`, `InvalidValue`, `Overloaded`, and `QuotaExceeded` for budgets and streams.
        """

    async def count(self, session: SessionContext, model: str, content: str | Message) -> int:
        """About how many tokens a text or a message is. Raises `LanguageModelError` for an unknown model."""

    def listen(self, session: SessionContext, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` when the user has other models than before; returns the undo."""

    async def room(self, session: SessionContext, budget: str, task: str | None) -> float | None:
        """USD that a budget such as `budgets.day` leaves for the user's next call, of that task; None: no limit."""


# -- what it costs


class Reservation(Protocol):
    """A call's part of the budgets: its worst case is set aside until it is settled, which happens exactly once."""

    async def settle(self, usage: Usage | None, outcome: Outcome) -> float | None:
        """Count what was used, durably, and release the rest; the cost in USD, None where the price is unknown.

        `usage` is what the provider said, or the best that is known of a call that ended early; None: nothing is
        known. Called also while its task is being cancelled.
        """


class Ledger(Protocol):
    """Who may spend what, and what was spent."""

    async def reserve(self, session: SessionContext, request: Request, model: Model, worst: Usage) -> Reservation:
        """Set aside the worst case of a call. Raises `QuotaExceeded` such as `budgets.day` where it does not fit."""

    async def room(self, session: SessionContext, budget: str, task: str | None) -> float | None:
        """As `Models.room`."""
