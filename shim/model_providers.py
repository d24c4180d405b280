"""The models and tools that one user's extensions registered. Who asks them is `lm.py`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any

from sessions import models
from sessions.current import current_session
from sessions.errors import LanguageModelError
from shim.cancellation import CancellationToken, CancellationTokenSource
from shim.chat_models import AHEAD
from shim.events import EventEmitter, HasEvents
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
        told = await self._called("provide_language_model_chat_information", {"silent": True}, CancellationToken.NONE)
        return [self._model(one) for one in told or ()]

    async def _called(self, method: str, *arguments: Any) -> Any:
        """What the provider answers, asked as its extension, whoever asks."""
        with current_session().entered(self.extension):
            return await called(getattr(self._provider, method), *arguments)

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
        waiting, news = deque[Part](), asyncio.Event()
        messages = [shown(message) for message in request.messages]
        options = {
            "model_options": dict(request.options),
            "tools": list(request.tools),
            "tool_mode": request.tool_choice,
        }

        def report(part: Part) -> None:
            if len(waiting) >= AHEAD:
                raise LanguageModelError(f"{model.id} reports faster than its answer is read", "Overloaded")
            waiting.append(part)
            news.set()

        source = CancellationTokenSource()
        told = (model, messages, options, report, source.token)
        work = thenable(self._called("provide_language_model_chat_response", *told), f"answer of {model.id}")
        work.add_done_callback(lambda _: news.set())
        try:
            while waiting or not work.done():
                while waiting:
                    yield waiting.popleft()
                if not work.done():
                    news.clear()
                    await news.wait()
            await work
        finally:
            if not work.done():
                source.cancel()
                work.cancel()

    async def count(self, model: models.Model, content: str | models.Message) -> int:
        """What the extension counts."""
        given = content if isinstance(content, str) else shown(content)
        return int(await self._called("provide_token_count", model, given, CancellationToken.NONE))


class Registry(HasEvents):
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
        super().forget_extension(extension)
        self.tools = {name: one for name, one in self.tools.items() if one[2] != extension}
        for one in [one for one in self.providers.values() if one.extension == extension]:
            self.withdraw(one)

    def withdraw(self, provided: Provided) -> None:
        """An extension's models are there no more; where they were withdrawn already, nothing happens."""
        if self.providers.get(provided.vendor) is provided:
            del self.providers[provided.vendor]
            self.changed.fire(None)
