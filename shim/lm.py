"""`vscode.lm`: language models and tools, for the current user. Who answers is the host's pool, or another extension.

Where VS Code asks the user whether an extension may use a model, here it may: the user's budgets are what holds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeAlias

from sessions import models
from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue, LanguageModelError
from shim.cancellation import CancellationError, CancellationToken
from shim.enums import LanguageModelChatMessageRole, LanguageModelChatToolMode
from shim.events import Disposable, EventEmitter
from shim.messages import (
    LanguageModelChatMessage,
    LanguageModelDataPart,
    LanguageModelTextPart,
    LanguageModelToolCallPart,
    LanguageModelToolResult,
    LanguageModelToolResultPart,
)
from shim.thenable import Thenable, called, thenable
from shim.values import Value, value

if TYPE_CHECKING:
    from sessions.context import SessionContext

__all__ = [
    "LanguageModelChat",
    "LanguageModelChatInformation",
    "LanguageModelChatResponse",
    "LanguageModelChatTool",
    "LanguageModelThinkingPart",
    "LanguageModelToolInformation",
    "LanguageModelUsagePart",
    "invoke_tool",
    "on_did_change_chat_models",
    "register_language_model_chat_provider",
    "register_tool",
    "select_chat_models",
    "tools",
]

AHEAD = 256
"""Parts of an answer that wait for their reader; then the model's stream waits."""

MOST_TOOLS = 1_000

CACHE_MARK = "cache_control"
"""The type of a data part that stands where a provider's cache may end, as Copilot's extensions write it."""

tools: tuple[LanguageModelToolInformation, ...]
"""The tools that the user's extensions registered."""


@value
class LanguageModelThinkingPart(Value):
    """What a model thought, or the next piece of it (VS Code's proposed part). Give it back unchanged."""

    value: str
    id: str = ""
    """The provider's signature of it, with its last piece."""
    redacted: bool = False


@value
class LanguageModelUsagePart(Value):
    """The last part of an answer: tokens, USD (None: unknown) and why it ended. Ours; VS Code does not tell."""

    input: int
    output: int
    cache_read: int
    cache_write: int
    thinking: int
    cost: float | None
    reason: str


@value
class LanguageModelStatusPart(Value):
    """That an answer is not there yet: its place in the line, or that it is tried again, and why. Ours."""

    position: int | None = None
    retrying: str | None = None
    in_s: float | None = None


@value
class LanguageModelChatTool(Value):
    """A tool that a model may call; `input_schema` is a JSON schema."""

    name: str
    description: str
    input_schema: dict[str, Any] | None = None


@value
class LanguageModelChatInformation(Value):
    """What an extension says of a model that it provides."""

    id: str
    name: str
    family: str
    version: str
    max_input_tokens: int
    max_output_tokens: int
    capabilities: dict[str, Any] | None = None


@value
class LanguageModelToolInformation(Value):
    """A tool that some extension registered."""

    name: str
    description: str
    input_schema: dict[str, Any] | None = None
    tags: tuple[str, ...] = ()


Part: TypeAlias = (
    LanguageModelTextPart
    | LanguageModelToolCallPart
    | LanguageModelThinkingPart
    | LanguageModelUsagePart
    | LanguageModelStatusPart
    | LanguageModelDataPart
)


class LanguageModelChatResponse:
    """An answer as it comes. `stream` gives its parts, `text` their texts; both may be read at the same time.

    The answer is collected from the beginning whoever reads; one that nobody reads waits after some parts.
    """

    def __init__(self, parts: AsyncGenerator[Part, None], name: str) -> None:
        self._parts: list[Part] = []
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._read = 0
        self._work = thenable(self._collect(parts), name)
        self._work.add_done_callback(self._ended)

    async def _collect(self, parts: AsyncGenerator[Part, None]) -> None:
        async with aclosing(parts):
            async for part in parts:
                self._parts.append(part)
                self._news.set()
                while len(self._parts) - self._read >= AHEAD:
                    self._room.clear()
                    await self._room.wait()

    def _ended(self, work: asyncio.Future[None]) -> None:
        if not work.cancelled():
            work.exception()  # whoever reads is told; one that nobody reads is nobody's failure
        self._news.set()

    def cancel(self) -> None:
        """Break the answer off: nothing more is asked of the model, or paid."""
        self._work.cancel()

    @property
    def stream(self) -> AsyncIterator[Part]:
        """The parts, from the first."""
        return self._iterate()

    @property
    def text(self) -> AsyncIterator[str]:
        """The texts, from the first."""
        return self._texts()

    async def _iterate(self) -> AsyncIterator[Part]:
        at = 0
        while True:
            while at < len(self._parts):
                at += 1
                self._read = max(self._read, at)
                self._room.set()
                yield self._parts[at - 1]
            if self._work.done():
                if at < len(self._parts):
                    continue
                if self._work.cancelled():
                    raise CancellationError
                self._work.result()
                return
            self._news.clear()
            await self._news.wait()

    async def _texts(self) -> AsyncIterator[str]:
        async for part in self._iterate():
            if isinstance(part, LanguageModelTextPart):
                yield part.value


class LanguageModelChat:
    """A model that the user may ask."""

    __slots__ = ("_model", "_own")

    def __init__(self, model: models.Model, own: Provided | None = None) -> None:
        self._model = model
        self._own = own

    @property
    def id(self) -> str:
        """Unique among the user's models."""
        return self._model.id

    @property
    def name(self) -> str:
        """For people."""
        return self._model.name

    @property
    def vendor(self) -> str:
        """Who provides it."""
        return self._model.vendor

    @property
    def family(self) -> str:
        """What it is one of."""
        return self._model.family

    @property
    def version(self) -> str:
        """Which of them."""
        return self._model.version

    @property
    def max_input_tokens(self) -> int:
        """How much it reads at once."""
        return self._model.max_input_tokens

    @property
    def max_output_tokens(self) -> int:
        """How much it says at once."""
        return self._model.max_output_tokens

    @property
    def capabilities(self) -> models.Capabilities:
        """Whether it calls tools, sees images, thinks."""
        return self._model.capabilities

    @property
    def price(self) -> models.Price | None:
        """USD for a million tokens; None: unknown."""
        return self._model.price

    def send_request(
        self,
        messages: Sequence[LanguageModelChatMessage],
        *,
        model_options: Mapping[str, Any] | None = None,
        tools: Iterable[LanguageModelChatTool] = (),
        tool_mode: LanguageModelChatToolMode = LanguageModelChatToolMode.AUTO,
        justification: str | None = None,
        system: Sequence[str] = (),
        max_output_tokens: int | None = None,
        task: str | None = None,
        token: CancellationToken | None = None,
    ) -> Thenable[LanguageModelChatResponse]:
        """Ask. The Thenable is done once there is an answer to read; reading it raises what becomes of it.

        `system`, `max_output_tokens` and `task` (for its budget) are ours. Raises `LanguageModelError`,
        `InvalidValue` and `QuotaExceeded`.
        """
        request = models.Request(
            self.id,
            tuple(message_of(message) for message in messages),
            tuple(models.Text(text) for text in system),
            tuple(models.ToolSpec(one.name, one.description, one.input_schema or NOTHING) for one in tools),
            "required" if tool_mode is LanguageModelChatToolMode.REQUIRED else "auto",
            None,
            max_output_tokens,
            dict(model_options or {}),
            task,
        )
        return thenable(self._send(request, token), f"ask {self.id}")

    async def _send(self, request: models.Request, token: CancellationToken | None) -> LanguageModelChatResponse:
        session = current_session()
        if token is not None and token.is_cancellation_requested:
            raise CancellationError
        parts = self._own.parts(self._model, request) if self._own else _of_pool(session, request)
        response = LanguageModelChatResponse(parts, f"answer of {self.id}")
        if token is not None:
            undo = token.on_cancellation_requested(lambda _: response.cancel())
            response._work.add_done_callback(lambda _: undo.dispose())
        return response

    def count_tokens(
        self, text: str | LanguageModelChatMessage, token: CancellationToken | None = None
    ) -> Thenable[int]:
        """About how many tokens a text or a message is."""
        content = text if isinstance(text, str) else message_of(text)
        return thenable(self._count(content), f"count for {self.id}")

    async def _count(self, content: str | models.Message) -> int:
        session = current_session()
        if self._own is not None:
            return await self._own.count(self._model, content)
        if session.models is None:
            raise LanguageModelError.not_found("this host has no language models")
        return await session.models.count(session, self.id, content)


NOTHING: Mapping[str, Any] = {"type": "object", "properties": {}}


async def _of_pool(session: SessionContext, request: models.Request) -> AsyncGenerator[Part, None]:
    if session.models is None:
        raise LanguageModelError.not_found("this host has no language models")
    async with session.models.stream(session, request) as items:
        async for item in items:
            yield part_of(item)


def part_of(item: models.Item) -> Part:
    """What a model said, as the shim's part."""
    match item:
        case models.Text():
            return LanguageModelTextPart(item.text)
        case models.Thinking():
            return LanguageModelThinkingPart(item.text, item.signature, item.redacted)
        case models.ToolCall():
            return LanguageModelToolCallPart(item.id, item.name, dict(item.arguments))
        case models.Queued():
            return LanguageModelStatusPart(position=item.position)
        case models.Retrying():
            return LanguageModelStatusPart(retrying=item.reason, in_s=item.in_s)
        case models.Finished():
            usage = item.usage
            return LanguageModelUsagePart(
                usage.input, usage.output, usage.cache_read, usage.cache_write, usage.thinking, item.cost, item.reason
            )


def message_of(message: LanguageModelChatMessage) -> models.Message:
    """The message as the pool takes it. Raises `InvalidValue` for a part that it cannot hold."""
    role: models.Role = "assistant" if message.role is LanguageModelChatMessageRole.ASSISTANT else "user"
    return models.Message(role, tuple(_sent(part) for part in message.content))


def _sent(part: object) -> models.Part:
    match part:
        case LanguageModelTextPart():
            return models.Text(part.value)
        case LanguageModelThinkingPart():
            return models.Thinking(part.value, part.id, part.redacted)
        case LanguageModelToolCallPart():
            return models.ToolCall(part.call_id, part.name, dict(part.input))
        case LanguageModelToolResultPart():
            return models.ToolResult(part.call_id, tuple(_in_result(one) for one in part.content))
        case LanguageModelDataPart():
            return _data(part)
        case _:
            raise InvalidValue("content", f"{type(part).__name__} is no part of a message to a model")


def _in_result(part: object) -> models.Text | models.Image:
    sent = models.Text(part) if isinstance(part, str) else _sent(part)
    if isinstance(sent, models.Text | models.Image):
        return sent
    raise InvalidValue("content", "a tool's result is texts and images")


def _data(part: LanguageModelDataPart) -> models.Text | models.Image | models.CacheMark:
    if part.mime_type == CACHE_MARK:
        return models.CacheMark()
    if part.mime_type.startswith("image/"):
        return models.Image(part.mime_type, bytes(part.data))
    try:
        return models.Text(bytes(part.data).decode())
    except UnicodeDecodeError:
        raise InvalidValue("content", f"{part.mime_type} is neither an image nor text") from None


# -- models of extensions, and tools


class Provided:
    """An extension's models."""

    def __init__(self, vendor: str, provider: Any, extension: str | None) -> None:
        self.vendor = vendor
        self.extension = extension
        self._provider = provider

    async def information(self) -> list[models.Model]:
        """What it provides now."""
        told = await called(
            self._provider.provide_language_model_chat_information, {"silent": True}, CancellationToken.NONE
        )
        return [self._model(one) for one in told or ()]

    def _model(self, one: LanguageModelChatInformation) -> models.Model:
        can = one.capabilities or {}
        capabilities = models.Capabilities(bool(can.get("tool_calling", True)), bool(can.get("image_input", False)))
        return models.Model(
            f"{self.vendor}/{one.id}",
            one.name,
            self.vendor,
            one.family,
            one.version,
            one.max_input_tokens,
            one.max_output_tokens,
            capabilities,
        )

    async def parts(self, model: models.Model, request: models.Request) -> AsyncGenerator[Part, None]:
        """The parts that the extension reports, as they come."""
        queue: asyncio.Queue[Part | None] = asyncio.Queue(AHEAD)
        messages = [_shown(message) for message in request.messages]
        options = {
            "model_options": dict(request.options),
            "tools": list(request.tools),
            "tool_mode": request.tool_choice,
        }

        def report(part: Part) -> None:
            try:
                queue.put_nowait(part)
            except asyncio.QueueFull:
                raise LanguageModelError(f"{model.id} reports faster than its answer is read", "Overloaded") from None

        async def run() -> None:
            try:
                response = self._provider.provide_language_model_chat_response
                await called(response, model, messages, options, report, CancellationToken.NONE)
            finally:
                await queue.put(None)

        work = thenable(run(), f"answer of {model.id}")
        try:
            while (part := await queue.get()) is not None:
                yield part
            await work
        finally:
            work.cancel()

    async def count(self, model: models.Model, content: str | models.Message) -> int:
        """What the extension counts."""
        shown = content if isinstance(content, str) else _shown(content)
        return int(await called(self._provider.provide_token_count, model, shown, CancellationToken.NONE))


def _shown(message: models.Message) -> LanguageModelChatMessage:
    """A message as extensions know it."""
    role = LanguageModelChatMessageRole.ASSISTANT if message.role == "assistant" else LanguageModelChatMessageRole.USER
    return LanguageModelChatMessage(
        role, [_part_shown(part) for part in message.parts if not isinstance(part, models.CacheMark)]
    )


def _part_shown(part: models.Part) -> Any:
    match part:
        case models.Image():
            return LanguageModelDataPart(part.data, part.mime)
        case models.ToolResult():
            return LanguageModelToolResultPart(part.call_id, [_part_shown(one) for one in part.content])
        case models.Text() | models.Thinking() | models.ToolCall():
            return part_of(part)
        case models.CacheMark():
            return None


class Registry:
    """The models and tools that one user's extensions registered."""

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self.providers: dict[str, Provided] = {}
        self.tools: dict[str, tuple[LanguageModelToolInformation, Any, str | None]] = {}
        self.changed = EventEmitter[None]()
        self._undo: Callable[[], None] | None = None

    def listen(self) -> None:
        """Hear of changes of the host's models too, once somebody listens here."""
        if self._undo is None and self._session.models is not None:
            self._undo = self._session.models.listen(self._session, lambda: self.changed.fire(None))

    def forget_extension(self, extension: str) -> None:
        """It is gone, and what it registered."""
        self.providers = {name: one for name, one in self.providers.items() if one.extension != extension}
        self.tools = {name: one for name, one in self.tools.items() if one[2] != extension}


def select_chat_models(
    *, vendor: str | None = None, family: str | None = None, version: str | None = None, id: str | None = None
) -> Thenable[list[LanguageModelChat]]:
    """The user's models that are all of this, in the order of their preference."""
    wanted = {"vendor": vendor, "family": family, "version": version, "id": id}
    return thenable(_select({name: one for name, one in wanted.items() if one is not None}), "select chat models")


async def _select(wanted: Mapping[str, str]) -> list[LanguageModelChat]:
    session = current_session()
    found = [LanguageModelChat(one) for one in await session.models.models(session)] if session.models else []
    for provided in list(session.get(Registry).providers.values()):
        found += [LanguageModelChat(one, provided) for one in await provided.information()]
    return [one for one in found if all(getattr(one, name) == value for name, value in wanted.items())]


def register_language_model_chat_provider(vendor: str, provider: Any) -> Disposable:
    """Provide models under a vendor's name of your own. Raises `InvalidValue` where it is taken."""
    registry = current_session().get(Registry)
    if not vendor or "/" in vendor or vendor in registry.providers:
        raise InvalidValue("vendor", f"{vendor!r} is taken or no name: choose one of your own, without '/'")
    registry.providers[vendor] = Provided(vendor, provider, current_extension())
    registry.changed.fire(None)
    return Disposable(lambda: _withdraw(registry, vendor))


def _withdraw(registry: Registry, vendor: str) -> None:
    if registry.providers.pop(vendor, None) is not None:
        registry.changed.fire(None)


def on_did_change_chat_models(listener: Callable[[None], Any]) -> Disposable:
    """Fires when the user has other models than before."""
    registry = current_session().get(Registry)
    registry.listen()
    return registry.changed.event(listener)


def register_tool(
    name: str, tool: Any, *, description: str = "", input_schema: dict[str, Any] | None = None, tags: Sequence[str] = ()
) -> Disposable:
    """Register what agents may call: `tool.invoke(options, token)` gives a `LanguageModelToolResult`.

    VS Code reads description and schema from the manifest; here they may be given. Raises `InvalidValue`.
    """
    registry = current_session().get(Registry)
    if not isinstance(name, str) or not name or name in registry.tools or len(registry.tools) >= MOST_TOOLS:
        raise InvalidValue("name", f"{name!r} is taken or no name, or there are {MOST_TOOLS} tools already")
    told = LanguageModelToolInformation(name, description, input_schema, tuple(tags))
    registry.tools[name] = (told, tool, current_extension())
    return Disposable(lambda: registry.tools.pop(name, None))


def __getattr__(name: str) -> Any:
    if name == "tools":
        return tuple(told for told, _, _ in current_session().get(Registry).tools.values())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def invoke_tool(
    name: str, input: Mapping[str, Any], token: CancellationToken | None = None
) -> Thenable[LanguageModelToolResult]:
    """Call a tool. Raises `LanguageModelError` NotFound where there is none, and what it raises."""
    return thenable(_invoke(name, input, token or CancellationToken.NONE), f"tool {name}")


async def _invoke(name: str, input: Mapping[str, Any], token: CancellationToken) -> LanguageModelToolResult:
    found = current_session().get(Registry).tools.get(name)
    if found is None:
        raise LanguageModelError.not_found(f"there is no tool {name!r}: see lm.tools")
    result = await called(found[1].invoke, {"input": dict(input), "tool_invocation_token": None}, token)
    if not isinstance(result, LanguageModelToolResult):
        raise LanguageModelError(f"the tool {name!r} gave no LanguageModelToolResult")
    return result
