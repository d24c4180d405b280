"""One call of a model from its place in the line to its settlement: what is tried again, and what it takes at most."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from host.breaker import Breaker
from host.providers.account import Account, Provider
from host.providers.faults import Fault
from sessions.beside import is_large
from sessions.models import (
    Finished,
    Image,
    Item,
    Message,
    Model,
    Outcome,
    Queued,
    Request,
    Reservation,
    Retrying,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
)
from sessions.queueing import Line, Place

TRIES = 5
BACKOFF_S = 0.5
LONGEST_PAUSE_S = 60.0
"""How long a provider's wish to wait is waited for; beyond it the caller is told instead."""

IMAGE_TOKENS = 1_600


class Way(NamedTuple):
    """How a model is reached."""

    account: Account
    model: Model
    provider: Provider
    breaker: Breaker
    line: Line
    backoff_s: float


class Call:
    """One call of a user; `settle` it whatever happens."""

    def __init__(self, uid: str, way: Way, request: Request, worst: Usage, reservation: Reservation) -> None:
        self._uid = uid
        self._way = way
        self._request = request
        self._worst = worst
        self._reservation = reservation
        self._outcome: Outcome = "cancelled"
        self._told = Usage()
        self._said = 0  # bytes since the provider told what it took
        self._settled = False

    async def items(self) -> AsyncGenerator[Item, None]:
        """What comes, in order; connections and places are let go of whatever happens."""
        for attempt in range(TRIES):
            try:
                async with aclosing(self._attempt()) as items:  # closed at once: what it holds is others' too
                    async for item in items:
                        yield item
                return
            except Fault as fault:
                pause = self._pause(fault, attempt)
                if pause is None:
                    self._outcome = "cut" if fault.code == "Cut" else "failed"
                    raise
                yield Retrying(str(fault), round(pause, 1))
                await asyncio.sleep(pause)

    async def _attempt(self) -> AsyncGenerator[Item, None]:
        moved = asyncio.Event()
        place = self._way.line.join(self._uid, moved.set)
        try:
            async with aclosing(_queue(place, moved)) as positions:
                async for queued in positions:
                    yield queued
            async with aclosing(self._ask()) as items:
                async for item in items:
                    yield item
        finally:
            self._way.line.leave(place)

    async def _ask(self) -> AsyncGenerator[Item, None]:
        breaker = self._way.breaker
        probe = breaker.enter(self._way.account.provider, self._uid)
        try:
            async with aclosing(self._read()) as items:
                async for item in items:
                    breaker.answered()
                    yield item
        except Fault as fault:
            breaker.note(fault, self._uid)
            raise
        finally:
            breaker.probing = breaker.probing and not probe

    async def _read(self) -> AsyncGenerator[Item, None]:
        self._take(Usage(input=self._worst.input // 2))  # what is cancelled from here on has been read
        stream = self._way.provider.stream(self._way.account, self._way.model, self._request)
        async with AsyncExitStack() as stack:
            close = getattr(stream, "aclose", None)
            if close is not None:
                stack.push_async_callback(close)
            try:
                async for piece in stream:
                    if isinstance(piece, Finished):
                        self._outcome = "finished"
                        self._take(piece.usage)
                        yield replace(piece, cost=await self.settle())
                        return
                    if isinstance(piece, Usage):
                        self._take(piece)
                        continue
                    is_long = isinstance(piece, ToolCall) and is_large(piece.arguments)
                    size = await asyncio.to_thread(_length, piece) if is_long else _length(piece)
                    self._said += size or 1
                    yield piece
            except Fault as fault:
                if fault.code != "Cut":
                    self._take(Usage())
                raise
        raise Fault(f"the answer of {self._way.account.provider} broke off", "Cut")

    def _take(self, told: Usage) -> None:
        self._told, self._said = told, 0

    @property
    def _usage(self) -> Usage:
        """What the provider told, and about what came since."""
        told = self._told
        if not self._said:
            return told
        return replace(told, output=max(told.output, min(told.output + self._said // 3 + 1, self._worst.output)))

    def _pause(self, fault: Fault, attempt: int) -> float | None:
        """How long to wait before the next try; None where it is no use."""
        if not fault.again or attempt + 1 >= TRIES:
            return None
        base = self._way.backoff_s * 2**attempt * random.uniform(0.75, 1.25)
        pause = max(base, fault.retry_after_s or 0.0)
        return pause if pause <= LONGEST_PAUSE_S else None

    async def settle(self) -> float | None:
        """Count what was used, once."""
        if self._settled:
            return None
        self._settled = True
        return await self._reservation.settle(self._usage, self._outcome)


async def _queue(place: Place, moved: asyncio.Event) -> AsyncGenerator[Queued, None]:
    """Each new position until it is one's turn."""
    place.ready.add_done_callback(lambda _: moved.set())
    while not place.ready.done():
        await moved.wait()
        moved.clear()
        if not place.ready.done() and place.position:
            yield Queued(place.position)


def worst_of(request: Request, model: Model) -> Usage:
    """The most tokens that a call can take: half of the request's bytes, which no tokenizer passes on real text."""
    size = sum(_bytes(part.text) for part in request.system if isinstance(part, Text))
    size += sum(_bytes(tool.name) + _bytes(tool.description) + _as_json(tool.schema) for tool in request.tools)
    images = sum(isinstance(part, Image) for part in _parts(request.messages))
    size += sum(size_of(message) for message in request.messages)
    most = min(request.max_output_tokens or model.max_output_tokens, model.max_output_tokens)
    return Usage(input=min(size // 2 + images * IMAGE_TOKENS + 64, model.max_input_tokens), output=most)


def _parts(messages: Sequence[Message]) -> list[object]:
    found: list[object] = []
    for part in (part for message in messages for part in message.parts):
        found += part.content if isinstance(part, ToolResult) else [part]
    return found


def size_of(message: Message) -> int:
    """Bytes of a message's texts, and a little for itself."""
    return 16 + sum(_length(part) for part in _parts([message]))


def _length(part: object) -> int:
    match part:
        case Text() | Thinking():
            return _bytes(part.text)
        case ToolCall():
            return _bytes(part.name) + _as_json(part.arguments)
        case _:
            return 0


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _as_json(value: Mapping[str, Any]) -> int:
    """Bytes of it as JSON, about: what cannot be that is refused where it is sent."""
    try:
        return len(orjson.dumps(dict(value)))
    except orjson.JSONEncodeError:
        return len(f"{value}")
