"""A language model as an extension holds it, and an answer as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from sessions import models
from sessions.current import current_session
from sessions.errors import LanguageModelError
from shim.cancellation import CancellationError, CancellationToken
from shim.enums import LanguageModelChatToolMode
from shim.messages import LanguageModelChatMessage, LanguageModelTextPart
from shim.model_parts import Part, message_of, part_of
from shim.thenable import Thenable, thenable
from shim.values import Value, value

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from shim.model_providers import Provided

AHEAD = 256
"""Parts of an answer that wait for their reader; then the model's stream waits."""


@value
class LanguageModelChatTool(Value):
    """A tool that a model may call; `input_schema` is a JSON schema."""

    name: str
    description: str
    input_schema: dict[str, Any] | None = None


NOTHING: Mapping[str, Any] = {"type": "object", "properties": {}}


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


async def _of_pool(session: SessionContext, request: models.Request) -> AsyncGenerator[Part, None]:
    if session.models is None:
        raise LanguageModelError.not_found("this host has no language models")
    async with session.models.stream(session, request) as items:
        async for item in items:
            yield part_of(item)
