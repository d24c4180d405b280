"""What providers do wrong below and beside their events: in HTTP, in how they ask to wait, in what they count."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from host.providers.faults import wait_of
from sessions.errors import LanguageModelError
from sessions.models import Finished, Item, Retrying, ToolCall
from tests.host.fakes import Asked, Reply, anthropic_says, begun, hello_from, openai_says, provider
from tests.host.pools import KEY, House, house, texts
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

wires = pytest.mark.parametrize("kind", ["openai", "anthropic"])


async def until_it_fails(home: House, **more: Any) -> tuple[LanguageModelError, list[Item]]:
    """How an answer fails, and what came before."""
    items: list[Item] = []
    session = await home.sessions.open("ada")
    with pytest.raises(LanguageModelError) as error:
        async for item in home.items(session, **more):
            items.append(item)
    assert KEY not in f"{error.value!r}"
    return error.value, items


def raw(text: str) -> Reply:
    """An answer byte for byte; then the connection ends."""

    async def reply(asked: Asked) -> None:
        asked.writer.write(text.encode("latin-1"))
        await asked.writer.drain()
        asked.writer.close()

    return reply


class Gathering:
    """A writer that sends nothing."""

    def __init__(self, written: list[bytes]) -> None:
        self.write = written.append

    async def drain(self) -> None:
        """Nothing is sent."""


HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


@wires
@pytest.mark.parametrize(
    "text",
    [
        "",
        "\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200",
        "HTTP/1.1 twohundred OK\r\n\r\n",
        "HTTP/1.1 99999 OK\r\nContent-Length: 0\r\n\r\n",
        HEAD + "X-Long: " + "x" * 200_000 + "\r\n\r\n",
        HEAD + "".join(f"X-{number}: y\r\n" for number in range(30_000)) + "\r\n",
        HEAD + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD + "Content-Length: -1\r\n\r\nhello",
        HEAD + "Content-Length: 1000\r\n\r\ndata: {}\n\n",
        HEAD + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        HEAD + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello\r\n",
        HEAD + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello",
        HEAD + "Content-Encoding: br\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-99\r\nContent-Length: 10\r\n\r\ndata: {}\n\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: ::::\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 303 See\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 418 Teapot\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 500 Oops\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n\xff\xfe{[",
    ],
    ids=lambda text: text[:40].replace("\r\n", "|") + str(len(text)),
)
async def test_an_answer_that_is_no_http_as_it_should_be_is_a_models_error(
    tmp_path: Path, kind: str, text: str
) -> None:
    async with provider(raw(text)) as one, house(tmp_path, one.url, kind) as home:
        async with asyncio.timeout(30):
            error, items = await until_it_fails(home)
        await eventually(lambda: one.open == 0)
    assert not [item for item in items if isinstance(item, ToolCall | Finished)]
    assert len(one.asked) <= 5
    assert len(str(error)) < 600


@wires
async def test_a_connection_closed_between_two_answers_is_not_noticed(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        await hello_from(asked, "fine")
        asked.writer.close()

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        for _ in range(4):
            assert texts(await home.ask()) == "fine"
    assert len(one.asked) == 4


@wires
async def test_bytes_after_the_answers_end_are_no_part_of_the_next_one(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        written: list[bytes] = []
        writer, asked.writer = asked.writer, Gathering(written)  # type: ignore[assignment]
        await hello_from(asked, f"number {asked.number}")
        stray = b"".join(written).replace(b"number ", b"foreign")
        writer.write(b"".join(written) + stray)  # in one packet
        asked.writer = writer

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        answers = [texts(await home.ask()) for _ in range(4)]
    assert answers == [f"number {number}" for number in range(4)]
    assert one.connections == 4


@wires
async def test_events_after_the_end_change_nothing(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        end = asked.end

        async def nothing() -> None:
            return

        asked.end = nothing  # type: ignore[method-assign]
        says = openai_says if kind == "openai" else anthropic_says
        await says(asked, "whole", calls=[("a", "read", '{"x": 1}')])
        await asked.send(b": bye\n\ndata: [DONE]\n\nevent: ping\ndata: {}\n\n")
        await end()

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        items = await home.ask()
    assert texts(items) == "whole"
    assert [item for item in items if isinstance(item, ToolCall)] == [ToolCall("a", "read", {"x": 1})]


@wires
@pytest.mark.parametrize("arguments", ["[1]", '"text"', "7", "null", '{"a": ', '{"a": NaN}', "{}{}", '{"a": 1e999}'])
async def test_arguments_that_are_no_object_are_given_to_the_tool_to_refuse(
    tmp_path: Path, kind: str, arguments: str
) -> None:
    async def reply(asked: Asked) -> None:
        says = openai_says if kind == "openai" else anthropic_says
        await says(asked, calls=[("a", "read", arguments)])

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        (call,) = [item for item in await home.ask() if isinstance(item, ToolCall)]
    assert call.arguments == {"arguments_that_are_no_json_object": arguments}


@wires
async def test_half_of_a_tool_call_is_none(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        says = openai_says if kind == "openai" else anthropic_says
        await says(asked, "I will", calls=[("a", "rm", '{"path": "/work')], end=False)

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        error, items = await until_it_fails(home)
    assert (error.code, len(one.asked)) == ("Cut", 1)
    assert not [item for item in items if isinstance(item, ToolCall | Finished | Retrying)]


async def test_a_stop_reason_without_a_stop_is_no_end(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        await begun(asked, "so ")
        delta = {"stop_reason": "tool_use", "stop_sequence": None}
        await asked.event({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7}}, "message_delta")
        await asked.end()

    async with provider(reply) as one, house(tmp_path, one.url, "anthropic") as home:
        error, _ = await until_it_fails(home)
        assert (error.code, len(one.asked)) == ("Cut", 1)
        assert (home.ledger.counts.tokens["acme", "input"], home.ledger.counts.tokens["acme", "output"]) == (60, 7)


@wires
async def test_an_answer_that_is_cut_costs_what_the_provider_said_until_then(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        if kind == "openai":
            await asked.head()
            usage = {"prompt_tokens": 60, "completion_tokens": 1, "total_tokens": 61}
            await asked.event({"id": "c", "choices": [{"index": 0, "delta": {"content": "x"}}], "usage": usage})
            await asked.event({"id": "c", "choices": [{"index": 0, "delta": {"content": "y" * 300}}]})
            await asked.end()
        else:
            await begun(asked, "y" * 300)
            await asked.end()

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        await until_it_fails(home, text="z" * 9_000)
        counts = home.ledger.counts.tokens
        assert counts["acme", "input"] == 60, "it was told, so it is not estimated"
        assert 100 <= counts["acme", "output"] <= 104, "what came since it was told is estimated"


@wires
@pytest.mark.parametrize("count", [-1, -(10**9), 10**12, 1.5, True, "7", [], {}])
async def test_counts_that_cannot_be_are_no_answer(tmp_path: Path, kind: str, count: object) -> None:
    async def reply(asked: Asked) -> None:
        await begun(asked, "so ")
        if kind == "openai":
            await asked.event({"id": "c", "choices": [], "usage": {"prompt_tokens": count, "completion_tokens": 1}})
        else:
            delta = {"stop_reason": "end_turn", "stop_sequence": None}
            await asked.event({"type": "message_delta", "delta": delta, "usage": {"output_tokens": count}}, "x")
        await asked.end()

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        error, _ = await until_it_fails(home)
        assert error.code == "Cut"
        assert all(0 <= held < 10**6 for held in home.ledger.counts.tokens.values())


async def test_529_is_tried_again_as_overload(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        if asked.number:
            await hello_from(asked, "at last")
        else:
            await asked.refuse(529, "Overloaded", retry_after="0")

    async with provider(reply) as one, house(tmp_path, one.url, "anthropic") as home:
        items = await home.ask()
    assert (texts(items), len(one.asked)) == ("at last", 2)


def test_how_long_to_wait_is_read_in_every_form_and_never_negative_or_endless() -> None:
    def wait(text: str) -> float | None:
        return wait_of({"retry-after": text})

    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 28 <= (wait(soon) or 0) <= 30
    assert wait(format_datetime(datetime.now(UTC) - timedelta(days=400), usegmt=True)) == 0
    assert wait("1.5") == 1.5
    assert wait("1e3") is wait("-5") is wait("") is wait("soon") is wait("٣") is wait("NaN") is wait("inf") is None
    assert wait("9" * 400) == 3_600
    assert wait("Fri, 31 Dec 9999 23:59:59 GMT") == 3_600
    assert wait("Fri, 99 Foo 0000 77:88:99 GMT") is None
    assert wait_of({"retry-after-ms": "250", "retry-after": "9"}) == 0.25


@wires
@pytest.mark.parametrize("wish", ["-5", "soon", "", "Wed, 21 Oct 2015 07:28:00 GMT", "0"])
async def test_a_wish_to_wait_that_is_none_does_not_hold_anybody_up(tmp_path: Path, kind: str, wish: str) -> None:
    async def reply(asked: Asked) -> None:
        if asked.number:
            await hello_from(asked, "at last")
        else:
            await asked.refuse(429, "later", retry_after=wish)

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        async with asyncio.timeout(10):
            items = await home.ask()
    assert texts(items) == "at last"


@wires
@pytest.mark.parametrize("wish", ["9" * 300, "86400", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_a_wish_to_wait_for_long_is_told_instead(tmp_path: Path, kind: str, wish: str) -> None:
    async def reply(asked: Asked) -> None:
        await asked.refuse(429, "tomorrow", retry_after=wish)

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        async with asyncio.timeout(10):
            error, _ = await until_it_fails(home)
    assert (error.code, len(one.asked)) == ("Overloaded", 1)
