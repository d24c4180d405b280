"""Providers that lie, flood and babble: whatever they send, an answer is whole or it fails as a model's error."""

from __future__ import annotations

import resource
import sys
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from host import models
from host.providers.own import keep_provider
from host.tables import Provider
from sessions.errors import LanguageModelError
from sessions.models import Message, Request, Text, ToolCall
from tests.host.fakes import Asked, anthropic_says, openai_says, provider
from tests.host.pools import KEY, house

pytestmark = pytest.mark.anyio

CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def choice(delta: object) -> dict[str, Any]:
    return {**CHUNK, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


OPENAI: list[object] = [
    [],
    [1],
    "text",
    7,
    None,
    {"choices": 5},
    {"choices": {"a": 1}},
    {"choices": ["x"]},
    {"choices": [None]},
    choice("x"),
    choice(5),
    choice({"content": 5}),
    choice({"content": ["a"]}),
    choice({"content": {"a": 1}}),
    choice({"tool_calls": 5}),
    choice({"tool_calls": ["x"]}),
    choice({"tool_calls": [{"index": "a", "function": {"name": "t", "arguments": "{}"}}]}),
    choice({"tool_calls": [{"index": 0, "id": 5, "function": {"name": 7, "arguments": {"a": 1}}}]}),
    choice({"tool_calls": [{"index": 0, "function": "f"}]}),
    {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": 5}]},
    {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": ["stop"]}]},
    {**CHUNK, "choices": [], "usage": "many"},
    {**CHUNK, "choices": [], "usage": {"prompt_tokens": "many", "completion_tokens": "x"}},
    {**CHUNK, "choices": [], "usage": {"prompt_tokens": -5, "completion_tokens": -7, "total_tokens": 0}},
    {"error": {"message": f"no {KEY}"}},
    {"error": "no"},
    {"error": 5},
]

USAGE = {"input_tokens": 1, "output_tokens": 1}
ANTHROPIC: list[object] = [
    [],
    "text",
    None,
    {},
    {"type": 5},
    {"type": "message_start"},
    {"type": "message_start", "message": "x"},
    {"type": "message_start", "message": {"usage": None}},
    {"type": "message_start", "message": {"usage": {"input_tokens": "many", "output_tokens": []}}},
    {"type": "content_block_start", "index": 0},
    {"type": "content_block_start", "index": 0, "content_block": "x"},
    {"type": "content_block_start", "index": [], "content_block": {"type": "tool_use", "id": "a", "name": "t"}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use"}},
    {"type": "content_block_delta", "index": 0},
    {"type": "content_block_delta", "index": 0, "delta": "x"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 5}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": 5}},
    {"type": "message_delta"},
    {"type": "message_delta", "delta": {"stop_reason": 5}, "usage": "x"},
    {"type": "message_delta", "delta": {"stop_reason": ["end_turn"]}, "usage": USAGE},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": "x"}},
    {"type": "error", "error": {"type": "api_error", "message": f"no {KEY}"}},
    {"type": "error"},
]


def sends(event: object) -> Callable[[Asked], Awaitable[None]]:
    async def reply(asked: Asked) -> None:
        await asked.head()
        name = event.get("type") if isinstance(event, dict) else None
        await asked.event(event, name if isinstance(name, str) else None)
        await asked.end()

    return reply


async def fails(folder: Path, kind: str, reply: Callable[[Asked], Awaitable[None]]) -> LanguageModelError:
    """How an answer fails that is not whole; nothing of it is left."""
    async with provider(reply) as one, house(folder, one.url, kind) as home:
        items: list[Any] = []
        with pytest.raises(LanguageModelError) as failed:
            async for item in home.items(await home.sessions.open("ada")):
                items.append(item)
        assert KEY not in f"{failed.value!r} {items}"
        assert not [item for item in items if isinstance(item, ToolCall)]
        assert (home.pool.line.running, home.pool.line.waiting) == (0, 0)
    return failed.value


@pytest.mark.parametrize("event", OPENAI, ids=lambda event: orjson.dumps(event).decode()[-60:])
async def test_an_event_of_openais_that_makes_no_sense_is_a_models_error(tmp_path: Path, event: object) -> None:
    await fails(tmp_path, "openai", sends(event))


@pytest.mark.parametrize("event", ANTHROPIC, ids=lambda event: orjson.dumps(event).decode()[:60])
async def test_an_event_of_anthropics_that_makes_no_sense_is_a_models_error(tmp_path: Path, event: object) -> None:
    await fails(tmp_path, "anthropic", sends(event))


async def test_a_line_without_end_is_broken_off_early(tmp_path: Path) -> None:
    sent = 0

    async def reply(asked: Asked) -> None:
        nonlocal sent
        await asked.head()
        await asked.send(b"data: ")
        while sent < 200 << 20:
            await asked.send(b"x" * (1 << 16))
            sent += 1 << 16

    await fails(tmp_path, "openai", reply)
    assert sent < 48 << 20


@pytest.mark.parametrize(("kind", "says"), [("openai", openai_says), ("anthropic", anthropic_says)])
async def test_a_cookie_that_a_provider_sets_for_one_user_is_sent_for_nobody(
    tmp_path: Path, kind: str, says: Callable[..., Awaitable[None]]
) -> None:
    async def baking(asked: Asked) -> None:
        head = asked.head

        async def with_cookies(*given: Any, **headers: str) -> None:
            await head(*given, **headers, Set_Cookie=f"who={asked.number}; Path=/; Max-Age=86400")

        asked.head = with_cookies  # type: ignore[method-assign]
        await says(asked, "hello")

    async with provider(baking) as acme, house(tmp_path, acme.url, kind) as here:
        for uid in ("ada", "ada", "ben"):
            await here.ask(uid)
        assert [asked.headers.get("cookie") for asked in acme.asked] == [None, None, None]


async def test_a_compressed_flood_takes_no_memory(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        await asked.head(Content_Encoding="gzip")
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        for _ in range(256):
            await asked.send(packer.compress(bytes(1 << 22)) + packer.flush(zlib.Z_SYNC_FLUSH))
        await asked.end()

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await fails(tmp_path, "openai", reply)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 << 10


async def test_what_the_operator_set_for_the_sdks_never_reaches_a_users_own_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "x-team: operators-own")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "operators-own")
    monkeypatch.setenv("OPENAI_ORG_ID", "operators-own")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "operators-own")
    monkeypatch.setenv("OPENAI_API_KEY", "operators-own")

    async def reply(asked: Asked) -> None:
        await asked.refuse(400)

    async with provider(reply) as one, house(tmp_path, "http://127.0.0.1:9") as home:
        session = await home.sessions.open("ada")
        for kind in ("openai", "anthropic"):
            own = Provider(kind=kind, base_url=one.url, models=("m",))  # type: ignore[arg-type]
            await keep_provider(session, kind, own)
            with pytest.raises(LanguageModelError):
                await home.ask(model=f"{kind}/m")
        assert len(one.asked) == 2
        assert not [asked for asked in one.asked if "operators-own" in str(asked.headers)]


async def test_a_user_who_sets_ever_new_keys_is_not_remembered_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "BREAKERS", 3)
    monkeypatch.setattr(models, "LISTS", 3)

    async def reply(asked: Asked) -> None:
        await asked.refuse(500)

    async with provider(reply) as one, house(tmp_path, "http://127.0.0.1:9") as home:
        session = await home.sessions.open("ada")
        for number in range(8):
            table = {"kind": "openai", "api_key": f"key-{number}", "base_url": one.url, "models": ["m"]}
            await keep_provider(session, "mine", Provider.model_validate(table))
            with pytest.raises(LanguageModelError):
                await home.ask(model="mine/m")
        assert (len(home.pool._breakers), len(home.pool._listed)) == (3, 3)


async def test_one_users_bad_request_does_not_shut_the_provider_for_others(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        if "poison" in str(asked.body):
            await asked.refuse(500)
        else:
            await openai_says(asked, "fine")

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        for _ in range(3):
            with pytest.raises(LanguageModelError):
                await home.ask("mallory", text="poison")
        assert await home.ask("ada", text="hello")


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_a_long_conversation_is_written_without_the_sdks_own_slow_way(tmp_path: Path, kind: str) -> None:
    """By the work it takes, not by the clock: machines are busy."""
    said = openai_says if kind == "openai" else anthropic_says
    messages = tuple(Message("user" if at % 2 == 0 else "assistant", (Text(f"word {at}"),)) for at in range(1_001))
    async with provider(lambda asked: said(asked, "fine")) as one, house(tmp_path, one.url, kind) as home:
        session = await home.sessions.open("ada")
        await home.ask()
        loop_calls = 0

        def count(frame: object, event: str, argument: object) -> None:
            nonlocal loop_calls
            loop_calls += event == "call"

        sys.setprofile(count)  # of the loop's thread alone
        try:
            async with home.pool.stream(session, Request("acme/m", messages)) as items:
                [item async for item in items]
        finally:
            sys.setprofile(None)
        assert len(one.asked[-1].body["messages"]) == 1_001
    assert loop_calls < 20 * len(messages)
