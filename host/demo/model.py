"""The demo model as a provider: it streams what its script answers. It reaches no network, and costs nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence

import orjson

from host.demo.script import Answer, Script, built_in, play, read
from host.prices import FREE
from sessions.current import current_turn
from sessions.models import (
    Capabilities,
    Finished,
    Message,
    Model,
    Reason,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
)

SETTING = "demo.script"
"""The user's setting that holds a script of their own."""

PIECE = re.compile(r"\S+\s*|\s+")
"""A word, which is about what one piece of a real model's stream is."""

MODEL = Model(
    "demo/scripted",
    "Demo (scripted)",
    "demo",
    "demo",
    "1",
    max_input_tokens=200_000,
    max_output_tokens=16_384,
    capabilities=Capabilities(tools=True, thinking=True),
    price=FREE,
)


class Demo:
    """The provider `demo`. `pace_s` is how long it waits before each word."""

    def __init__(self, pace_s: float = 0.01) -> None:
        self._pace_s = pace_s

    async def models(self, account: object = None) -> Sequence[Model]:
        """The one model that there is."""
        return [MODEL]

    async def stream(
        self, account: object, model: Model, request: Request
    ) -> AsyncIterator[Text | Thinking | ToolCall | Finished]:
        """Play the script of the request's option `script`, else of the user's setting `demo.script`, else our own.

        Raises `InvalidValue` for a script that is none.
        """
        answer = play(await self._script(request), request)
        most = min(request.max_output_tokens or model.max_output_tokens, model.max_output_tokens)
        left = most
        for kind, text in ((Thinking, answer.think), (Text, answer.text)):
            for piece in _pieces(text, left):
                await asyncio.sleep(self._pace_s)
                yield kind(piece)
            left = max(0, left - len(PIECE.findall(text)))
        whole = left > 0
        for call in answer.calls if whole else ():
            yield call
        yield Finished(_reason(answer, whole), _usage(request, answer, most - left))

    async def _script(self, request: Request) -> Script:
        own = request.options.get("script") or _of_setting()
        return await asyncio.to_thread(built_in) if own is None else read(own)


def _of_setting() -> object | None:
    turn = current_turn()
    found: object | None = turn.session.settings.get(SETTING) if turn and turn.session else None
    return found


def _pieces(text: str, most: int) -> Iterator[str]:
    for number, piece in enumerate(PIECE.findall(text)):
        if number >= most:
            return
        yield piece


def _reason(answer: Answer, whole: bool) -> Reason:
    if not whole:
        return "length"
    return "tool_calls" if answer.calls else "stop"


def _usage(request: Request, answer: Answer, words: int) -> Usage:
    """Tokens as a real model would count them, very roughly: a word of an answer, four characters of what it reads."""
    read_ = sum(len(part.text) for part in request.system if isinstance(part, Text))
    read_ += sum(_size(message) for message in request.messages)
    called = sum(len(orjson.dumps(dict(call.arguments))) for call in answer.calls)
    thought = min(words, len(PIECE.findall(answer.think)))
    return Usage(input=read_ // 4, output=words + called // 4, thinking=thought)


def _size(message: Message) -> int:
    sizes = 0
    for part in message.parts:
        if isinstance(part, Text | Thinking):
            sizes += len(part.text)
        elif isinstance(part, ToolResult):
            sizes += sum(len(one.text) for one in part.content if isinstance(one, Text))
    return sizes
