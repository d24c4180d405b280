"""The models and tools that one user's extensions registered. Who asks them is `lm.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any

from sessions import models
from sessions.errors import LanguageModelError
from shim.cancellation import CancellationToken
from shim.chat_models import AHEAD
from shim.events import EventEmitter
from shim.model_parts import Part, shown
from shim.thenable import called, thenable
from shim.values import Value, value

if TYPE_CHECKING:
    from sessions.context import SessionContext


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
        messages = [shown(message) for message in request.messages]
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
        given = content if isinstance(content, str) else shown(content)
        return int(await called(self._provider.provide_token_count, model, given, CancellationToken.NONE))


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
