"""What providers do wrong, on both wires: each ends cleanly, holds nothing, calls nothing twice and shows no key."""

from __future__ import annotations

import asyncio
import gzip
import logging
from pathlib import Path

import orjson
import pytest

from host.models import Streams
from host.providers.line import Bounds
from sessions.errors import LanguageModelError
from sessions.models import Finished, Item, Retrying, ToolCall
from tests.host.fakes import Asked, Reply, begun, hello_from, openai_says, provider, tells
from tests.host.pools import KEY, House, house, texts
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

wires = pytest.mark.parametrize("kind", ["openai", "anthropic"])


async def failed(home: House, items: list[Item] | None = None) -> LanguageModelError:
    """How an answer fails; what came before is added to `items`."""
    session = await home.sessions.open("ada")
    with pytest.raises(LanguageModelError) as error:
        async for item in home.items(session):
            if items is not None:
                items.append(item)
    return error.value


async def a_line_without_end(asked: Asked) -> None:
    await begun(asked, "so ")
    await asked.send(b"data: ")
    while True:
        await asked.send(b"x" * 1_000)


async def an_answer_without_end(asked: Asked) -> None:
    await begun(asked, "so ")
    while True:
        await asked.send(b": and on\n\n" * 100)


async def a_drip(asked: Asked) -> None:
    await begun(asked, "so ")
    while True:
        await asked.send(b": wait\n\n")
        await asyncio.sleep(0.02)


async def a_standstill(asked: Asked) -> None:
    await begun(asked, "so ")
    await asyncio.Event().wait()


async def an_odd_event(asked: Asked) -> None:
    await begun(asked, "so ")
    odd = {"type": "content_block_delta", "index": [], "delta": {"type": "text_delta", "text": 5}, "choices": [7]}
    await asked.event(odd, "content_block_delta")
    await asked.end()


async def a_deep_event(asked: Asked) -> None:
    await begun(asked, "so ")
    await asked.event(b"[" * 200_000, "content_block_delta")
    await asked.end()


async def an_error_in_the_middle(asked: Asked) -> None:
    await begun(asked, "so ")
    await tells(asked, "overloaded_error", f"Overloaded {KEY}")


async def a_reset(asked: Asked) -> None:
    await begun(asked, "so ")
    asked.writer.transport.abort()


SHORT = Bounds(read_s=2.0, answer_s=3.0, answer=100_000, event=10_000)


@wires
@pytest.mark.parametrize(
    "reply",
    [
        a_line_without_end,
        an_answer_without_end,
        a_drip,
        a_standstill,
        an_odd_event,
        a_deep_event,
        an_error_in_the_middle,
        a_reset,
    ],
)
async def test_an_answer_that_goes_wrong_after_it_began_is_cut_and_never_asked_again(
    tmp_path: Path, kind: str, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    items: list[Item] = []
    bounds = SHORT if reply is not a_deep_event else Bounds()
    async with provider(reply) as one, house(tmp_path, one.url, kind, bounds=bounds) as home:
        async with asyncio.timeout(30):
            error = await failed(home, items)
        await eventually(lambda: one.open == 0 or reply in (a_standstill, an_odd_event, a_deep_event))
    assert (error.code, texts(items), len(one.asked)) == ("Cut", "so ", 1)
    assert not [item for item in items if isinstance(item, Finished | ToolCall | Retrying)]
    assert KEY not in f"{error}{caplog.text}"


@wires
@pytest.mark.parametrize(("fault", "code"), [("overloaded_error", "Overloaded"), ("api_error", "Unavailable")])
async def test_an_error_before_the_first_word_is_tried_again(tmp_path: Path, kind: str, fault: str, code: str) -> None:
    async def reply(asked: Asked) -> None:
        if asked.number:
            await hello_from(asked, "at last")
            return
        await begun(asked)
        await tells(asked, fault, "not now")

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        items = await home.ask()
    assert (texts(items), len(one.asked)) == ("at last", 2)
    assert [item.reason.partition(": ")[2] for item in items if isinstance(item, Retrying)] == ["not now"]


@wires
async def test_a_request_that_is_refused_within_the_stream_is_not_tried_again(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        await begun(asked)
        await tells(asked, "invalid_request_error", "no such thing")

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        error = await failed(home)
    assert (error.code, len(one.asked)) == ("InvalidRequest", 1)
    assert "no such thing" in str(error)


@wires
async def test_a_reset_before_the_answer_is_tried_again(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        if asked.number:
            await hello_from(asked, "at last")
        else:
            asked.writer.transport.abort()
            raise ConnectionError

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        items = await home.ask()
    assert (texts(items), len(one.asked)) == ("at last", 2)


@wires
async def test_an_error_that_comes_as_a_success_is_none(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        await asked.refuse(200, f"quota of {KEY} exceeded")

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        error = await failed(home)
    assert error.code == "Cut"
    assert KEY not in str(error)


@wires
async def test_limits_that_say_when_they_end_are_waited_for_without_retry_after(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        if asked.number:
            await hello_from(asked, "at last")
            return
        resets = {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "700ms"}
        other = {"x_ratelimit_remaining_tokens": "9", "x_ratelimit_reset_tokens": "6m0s"}
        await asked.refuse(429, "slow down", **resets, **other)

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        items = await home.ask()
    assert [item.in_s for item in items if isinstance(item, Retrying)] == [0.7]
    assert texts(items) == "at last"


@wires
@pytest.mark.parametrize("key", [KEY, "0f8a6c52-4711-4b1e-9d1f-aa55aa55aa55"])
async def test_a_provider_that_repeats_the_key_does_not_give_it_away(
    tmp_path: Path, kind: str, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def reply(asked: Asked) -> None:
        await asked.refuse(400, f"the key {key} is odd")

    told = {"acme": {"kind": kind, "api_key": key, "models": ["m"]}}
    async with provider(reply) as one:
        told["acme"]["base_url"] = one.url
        async with house(tmp_path, one.url, ai_providers=told) as home:
            error = await failed(home)
    assert "is odd" in str(error)
    assert key not in f"{error}{caplog.text}"


@wires
async def test_a_packed_answer_is_refused_before_it_is_unpacked(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        assert asked.headers["accept-encoding"] == "identity"
        await asked.head(content_encoding="gzip")
        await asked.send(gzip.compress(bytes(1 << 20)))
        await asked.end()

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        error = await failed(home)
    assert "packed" in str(error)


@wires
async def test_a_redirect_takes_the_key_nowhere(tmp_path: Path, kind: str) -> None:
    async def lead(asked: Asked) -> None:
        await asked.refuse(307, "there", location=f"{other.url}/v1")

    async with provider(hello_from) as other, provider(lead) as one, house(tmp_path, one.url, kind) as home:
        await failed(home)
    assert (len(one.asked), other.connections) == (1, 0)


def call_chunk(**call: object) -> bytes:
    choices = [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}]
    return orjson.dumps({"id": "c", "choices": choices})


async def calls_of(folder: Path, *chunks: bytes) -> list[ToolCall]:
    async def reply(asked: Asked) -> None:
        await asked.head()
        for chunk in chunks:
            await asked.event(chunk)
        await asked.event(b'{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}')
        await asked.event(b"[DONE]")
        await asked.end()

    async with provider(reply) as one, house(folder, one.url) as home:
        return [item for item in await home.ask() if isinstance(item, ToolCall)]


async def test_a_call_in_many_pieces_is_one(tmp_path: Path) -> None:
    text = '{"path": "' + "é" * 300 + '"}'
    first = call_chunk(index=0, id="a", function={"name": "read", "arguments": ""})
    rest = [call_chunk(index=0, function={"arguments": one}) for one in text]
    assert await calls_of(tmp_path, first, *rest) == [ToolCall("a", "read", {"path": "é" * 300})]


async def test_a_call_that_comes_twice_is_made_once(tmp_path: Path) -> None:
    twice = [call_chunk(index=at, id="a", function={"name": "rm", "arguments": '{"x":1}'}) for at in (0, 1)]
    assert await calls_of(tmp_path, *twice) == [ToolCall("a", "rm", {"x": 1})]


async def test_calls_that_share_an_id_or_an_index_stay_apart(tmp_path: Path) -> None:
    shared = [call_chunk(index=at, id="a", function={"name": "rm", "arguments": f"[{at}]"}) for at in (0, 1)]
    shared += [call_chunk(index=0, id=id_, function={"name": "ls", "arguments": "{}"}) for id_ in ("b", "c")]
    found = await calls_of(tmp_path, *shared)
    assert len(found) == len({one.id for one in found}) == 4
    assert [one.name for one in found] == ["rm", "rm", "ls", "ls"]


@pytest.mark.parametrize("arguments", [{"path": "x"}, '"{\\"path\\": \\"x\\"}"'])
async def test_arguments_that_are_no_text_or_a_text_in_a_text_are_understood(tmp_path: Path, arguments: object) -> None:
    chunk = call_chunk(index=0, id="a", function={"name": "read", "arguments": arguments})
    assert await calls_of(tmp_path, chunk) == [ToolCall("a", "read", {"path": "x"})]


async def test_the_input_of_a_call_that_comes_whole_is_its_arguments(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        await asked.head()
        block = {"type": "tool_use", "id": "a", "name": "read", "input": {"path": "x"}}
        usage = {"input_tokens": 1, "output_tokens": 1}
        for kind, more in (
            ("message_start", {"message": {"id": "m", "role": "assistant", "content": [], "usage": usage}}),
            ("content_block_start", {"index": 0, "content_block": block}),
            ("message_delta", {"delta": {"stop_reason": "tool_use"}, "usage": usage}),
            ("message_stop", {}),
        ):
            await asked.event({"type": kind, **more}, kind)
        await asked.end()

    async with provider(reply) as one, house(tmp_path, one.url, "anthropic") as home:
        assert [item for item in await home.ask() if isinstance(item, ToolCall)] == [
            ToolCall("a", "read", {"path": "x"})
        ]


async def test_arguments_nested_too_deep_to_pass_on_are_the_tools_to_refuse(tmp_path: Path) -> None:
    deep = '{"x":' * 500 + "1" + "}" * 500
    (found,) = await calls_of(tmp_path, call_chunk(index=0, id="a", function={"name": "t", "arguments": deep}))
    assert list(found.arguments) == ["arguments_that_are_no_json_object"]


@wires
async def test_characters_cut_in_two_come_whole(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        if kind == "openai":
            await asked.head()
            for piece in (rb"\ud83d", rb"\ude00", rb" \ud83d!"):
                await asked.event(b'{"id":"c","choices":[{"index":0,"delta":{"content":"%s"}}]}' % piece)
            await asked.event(b'{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}')
            await asked.end()
            return
        send = asked.send

        async def slowly(data: bytes) -> None:
            for at in range(len(data)):
                await send(data[at : at + 1])

        asked.send = slowly  # type: ignore[method-assign]
        await hello_from(asked, "😀", " \N{REPLACEMENT CHARACTER}!")

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        items = await home.ask()
    assert texts(items) == "😀 \N{REPLACEMENT CHARACTER}!"


async def test_an_answer_without_counts_is_counted_by_its_length(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        await asked.head()
        await asked.event({"id": "c", "choices": [{"index": 0, "delta": {"content": "x" * 400}}]})
        await asked.event({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        await asked.end()

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        end = (await home.ask(text="y" * 400))[-1]
    assert isinstance(end, Finished)
    assert (end.usage.input, end.usage.output) == (100, 100)


# -- no longer wanted


async def gone(home: House, work: asyncio.Task[list[Item]]) -> None:
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    line = home.pool.line
    await eventually(lambda: (line.running, line.waiting, len(home.ledger)) == (0, 0, 0))
    await home.ask("ben", "demo/scripted")


@wires
async def test_who_leaves_while_it_is_tried_again_leaves_nothing(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        await asked.refuse(429, "later", retry_after="50")

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home, asyncio.TaskGroup() as group:
        work = group.create_task(home.ask())
        await eventually(lambda: one.asked and not home.pool.line.running)
        await gone(home, work)
    assert len(one.asked) == 1


@wires
async def test_who_leaves_before_the_first_word_pays_for_what_was_read(tmp_path: Path, kind: str) -> None:
    async def reply(asked: Asked) -> None:
        await begun(asked)
        await asyncio.Event().wait()

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home, asyncio.TaskGroup() as group:
        work = group.create_task(home.ask(text="y" * 40_000))
        await eventually(lambda: one.asked)
        await gone(home, work)
        taken = home.ledger.counts.tokens["acme", "input"]
        told = kind == "anthropic" and taken == 60  # where its first event was read before the user left
        assert told or taken >= 10_000, "what the provider says, else an estimate"


async def test_who_leaves_at_any_moment_leaves_nothing(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        await openai_says(asked, "one", "two")

    async with provider(reply) as one, house(tmp_path, one.url, connections=1) as home:
        await home.ask()
        for turns in range(0, 60, 3):
            async with asyncio.TaskGroup() as group:
                works = [group.create_task(home.ask("ada")), group.create_task(home.ask("ben"))]
                for _ in range(turns):
                    await asyncio.sleep(0)
                for work in works:
                    work.cancel()
            line = home.pool.line
            await eventually(lambda line=line: (line.running, line.waiting, len(home.ledger)) == (0, 0, 0))
        assert texts(await home.ask()) == "onetwo"
        session = await home.sessions.open("ada")
        assert session.get(Streams).count == 0
