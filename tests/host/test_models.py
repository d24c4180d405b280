"""The pool of models against real sockets: what is said, whose turn it is, what fails, and what it leaves behind."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from host.models import BEGINNING
from host.providers.line import EVENTS_AT_ONCE, guard
from host.providers.own import keep_provider
from host.tables import Provider
from sessions.context import SessionContext
from sessions.errors import LanguageModelError, QuotaExceeded
from sessions.models import Finished, Item, Message, Queued, Request, Retrying, Text, ToolCall, ToolSpec
from tests.host.fakes import Asked, Reply, anthropic_says, openai_says, provider
from tests.host.pools import KEY, House, house, texts, words
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


async def test_an_answer_comes_piece_by_piece_with_its_usage(tmp_path: Path) -> None:
    async with provider(words("Hel", "lo")) as one, house(tmp_path, one.url) as home:
        items = await home.ask(tools=(ToolSpec("t", "does", {"type": "object"}),))
    assert texts(items) == "Hello"
    end = items[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.usage.input, end.usage.cache_read, end.usage.output, end.cost) == ("stop", 60, 40, 10, None)
    assert one.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert one.asked[0].body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]


async def test_tool_calls_come_whole_at_the_end(tmp_path: Path) -> None:
    calls = [("a", "read", '{"path": "x"}'), ("b", "list", "{}"), ("c", "odd", "{no json")]
    async with provider(words("ok", calls=calls)) as one, house(tmp_path, one.url) as home:
        items = await home.ask()
    found = [item for item in items if isinstance(item, ToolCall)]
    assert found[:2] == [ToolCall("a", "read", {"path": "x"}), ToolCall("b", "list", {})]
    assert found[2].arguments == {"arguments_that_are_no_json_object": "{no json"}


async def test_anthropics_answers_come_likewise_and_its_requests_are_marked_for_the_cache(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        await anthropic_says(asked, "Hel", "lo", calls=[("a", "read", '{"path": "x"}')])

    async with provider(reply) as one, house(tmp_path, one.url, "anthropic") as home:
        items = await home.ask(system=(Text("be good"),), tools=(ToolSpec("t", "does", {"type": "object"}),))
    assert texts(items) == "Hello"
    assert ToolCall("a", "read", {"path": "x"}) in items
    end = items[-1]
    assert isinstance(end, Finished)
    assert (end.usage.input, end.usage.cache_read, end.usage.cache_write, end.usage.output) == (60, 40, 5, 10)
    body = one.asked[0].body
    assert one.asked[0].headers["authorization"] == f"Bearer {KEY}"
    for block in (body["system"][-1], body["tools"][-1], body["messages"][-1]["content"][-1]):
        assert block["cache_control"] == {"type": "ephemeral"}


@pytest.mark.parametrize(("kind", "says"), [("openai", openai_says), ("anthropic", anthropic_says)])
async def test_an_answer_that_comes_all_at_once_is_read_in_turns_of_the_loop(
    tmp_path: Path, kind: str, says: Any
) -> None:
    turn, turns, asked_for = 0, list[int](), asyncio.Event()

    async def count() -> None:
        nonlocal turn
        await asked_for.wait()  # the SDK is loaded by then, which a loop that never rests would keep waiting
        while True:
            turn += 1
            await asyncio.sleep(0)

    async def reply(asked: Asked) -> None:
        asked_for.set()
        await says(asked, *["word "] * 80)

    async with provider(reply) as one, house(tmp_path, one.url, kind) as home:
        session = await home.sessions.open("ada")
        counting = asyncio.create_task(count())
        async for item in home.items(session):
            turns += [turn] * isinstance(item, Text)
        counting.cancel()
    assert len(turns) == 80
    assert max(map(turns.count, turns)) <= EVENTS_AT_ONCE


@pytest.mark.parametrize("status", [429, 500, 503, 529])
async def test_what_may_pass_is_tried_again(tmp_path: Path, status: int) -> None:
    async def reply(asked: Asked) -> None:
        if asked.number < 2:
            await asked.refuse(status, "busy", retry_after="0")
        else:
            await openai_says(asked, "at last")

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        items = await home.ask()
    assert texts(items) == "at last"
    assert sum(isinstance(item, Retrying) for item in items) == 2


@pytest.mark.parametrize(
    ("status", "code"), [(400, "InvalidRequest"), (401, "NoPermissions"), (404, "NotFound"), (413, "ContextLength")]
)
async def test_what_will_not_pass_is_told_at_once_and_never_with_the_key(
    tmp_path: Path, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def reply(asked: Asked) -> None:
        await asked.refuse(status, f"Incorrect API key provided: {KEY}")

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        with pytest.raises(LanguageModelError) as error:
            await home.ask()
    assert (error.value.code, len(one.asked)) == (code, 1)
    assert KEY not in str(error.value)
    assert KEY not in caplog.text


async def test_a_wish_to_wait_holds_for_all_who_use_the_key(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        if asked.number == 0:
            await asked.refuse(429, "slow down", retry_after="1")
        else:
            await openai_says(asked, "ok")

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        first = asyncio.gather(home.ask("ada"))
        await eventually(lambda: one.asked)
        state = next(iter(home.pool._breakers.values()))
        await eventually(lambda: state.paused_until)
        items = await home.ask("ben")
        assert any(isinstance(item, Retrying) for item in items)
        assert texts(items) == "ok"
        await first


async def cut(asked: Asked) -> None:
    await openai_says(asked, "half an ans", calls=[("a", "rm", "{}")], end=False)


async def reset(asked: Asked) -> None:
    await asked.head()
    await asked.event(b'{"id":"c","choices":[{"index":0,"delta":{"content":"half"},"finish_reason":null}]}')
    asked.writer.transport.abort()


async def half_json(asked: Asked) -> None:
    await asked.head()
    await asked.event(b'{"id":"c","choices":[{"index":0,"delta":{"content":"half"},"finish_reason":null}]}')
    await asked.event(b'{"id":"c","choi')
    await asked.end()


@pytest.mark.parametrize("reply", [cut, reset, half_json])
async def test_an_answer_that_breaks_off_fails_cleanly_and_calls_no_tool(tmp_path: Path, reply: Reply) -> None:
    async with provider(reply) as one, house(tmp_path, one.url) as home:
        session = await home.sessions.open("ada")
        items: list[Item] = []
        with pytest.raises(LanguageModelError) as error:
            async for item in home.items(session):
                items.append(item)
    assert error.value.code == "Cut"
    assert len(one.asked) == 1
    assert not [item for item in items if isinstance(item, ToolCall | Finished)]


async def wrong_kind(asked: Asked) -> None:
    await asked.head(200, "text/html")
    await asked.send(b"<html>welcome to the portal</html>")
    await asked.end()


async def test_an_answer_that_is_no_stream_is_a_broken_one(tmp_path: Path) -> None:
    async with provider(wrong_kind) as one, house(tmp_path, one.url) as home:
        with pytest.raises(LanguageModelError) as error:
            await home.ask()
    assert error.value.code == "Cut"


async def test_nobody_there_is_told_with_a_way_out(tmp_path: Path) -> None:
    async with house(tmp_path, "http://127.0.0.1:9") as home:
        with pytest.raises(LanguageModelError, match="could not be reached: look at its address") as error:
            await home.ask()
    assert error.value.code == "Unavailable"


async def test_a_provider_that_keeps_failing_is_left_alone(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        await asked.refuse(500)

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        with pytest.raises(LanguageModelError):
            await home.ask()
        asked = len(one.asked)
        with pytest.raises(LanguageModelError, match="times in a row"):
            await home.ask()
        assert (asked, len(one.asked)) == (5, 5)
        for uid in ("ben", "cleo"):  # what fails for ada may do for ben; once it fails for both, nobody tries again
            with pytest.raises(LanguageModelError, match="times in a row"):
                await home.ask(uid)
    assert len(one.asked) == 6


async def test_leaving_an_answer_frees_its_connection_at_once(tmp_path: Path) -> None:
    async def reply(asked: Asked) -> None:
        await asked.head()
        for _ in range(10_000):
            await asked.event(b'{"id":"c","choices":[{"index":0,"delta":{"content":"and "},"finish_reason":null}]}')
            await asyncio.sleep(0.01)

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        session = await home.sessions.open("ada")
        request = Request("acme/m", (Message("user", (Text("go on"),)),))
        async with home.pool.stream(session, request) as items:
            await anext(items)
            assert home.pool.line.running == 1
        assert home.pool.line.running == 0
        await eventually(lambda: one.open == 0)


async def test_twenty_connections_carry_three_hundred_streams_and_mix_none(tmp_path: Path) -> None:
    full = asyncio.Event()

    async def reply(asked: Asked) -> None:
        if asked.number == 19:
            full.set()
        await full.wait()  # so that all connections are needed, however fast the machine is
        said = asked.body["messages"][0]["content"][0]["text"]
        await openai_says(asked, *(f"{said}." for _ in range(5)))

    async with provider(reply) as one, house(tmp_path, one.url, quotas={"streams": 100}) as home:
        sessions = [await home.sessions.open(f"user{n}") for n in range(60)]

        async def ask(session: SessionContext, n: int) -> None:
            said = f"{session.uid}-{n}"
            found = [item async for item in home.items(session, text=said)]
            assert texts(found) == f"{said}." * 5

        async with asyncio.TaskGroup() as group:
            for n in range(5):
                for session in sessions:
                    group.create_task(ask(session, n))
    assert len(one.asked) == 300
    assert one.connections == one.most == 20


async def test_one_users_flood_waits_behind_others_and_is_told_its_place(tmp_path: Path) -> None:
    release = asyncio.Event()
    order: list[str] = []

    async def reply(asked: Asked) -> None:
        order.append(asked.body["messages"][0]["content"][0]["text"])
        await release.wait()
        await openai_says(asked, "ok")

    async with provider(reply) as one, house(tmp_path, one.url, connections=4) as home:
        ada, ben = await home.sessions.open("ada"), await home.sessions.open("ben")
        places: list[int] = []

        async def ask(session: SessionContext) -> None:
            async for item in home.items(session, text=session.uid):
                if isinstance(item, Queued):
                    places.append(item.position)

        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(ask(ada))
            await eventually(lambda: len(order) == 3)
            group.create_task(ask(ben))
            await eventually(lambda: "ben" in order)
            assert order == ["ada", "ada", "ada", "ben"]
            assert max(places) == 5
            release.set()
    assert len(order) == 9


async def test_more_streams_than_a_user_may_have_are_refused(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def reply(asked: Asked) -> None:
        await release.wait()
        await openai_says(asked, "ok")

    async with provider(reply) as one, house(tmp_path, one.url) as home:
        session = await home.sessions.open("ada")
        limit = session.quotas.streams
        assert limit is not None
        async with asyncio.TaskGroup() as group:
            for _ in range(limit):
                group.create_task(home.ask())
            await eventually(lambda: len(one.asked) == limit)
            with pytest.raises(QuotaExceeded, match="streams"):
                await home.ask()
            assert texts(await _released(home, release)) == "ok"


async def _released(home: House, release: asyncio.Event) -> list[Item]:
    release.set()
    return await home.ask("ben")


async def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with house(tmp_path, "http://127.0.0.1:9") as home:
        with pytest.raises(LanguageModelError, match="you have no model 'acme/other'") as error:
            await home.ask(model="acme/other")
        session = await home.sessions.open("ada")
        assert [one.id for one in await home.pool.models(session)] == ["acme/m", "demo/scripted"]
    assert error.value.code == "NotFound"


async def test_models_that_are_listed_at_once_are_asked_for_once_for_each_user(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def reply(asked: Asked) -> None:
        await release.wait()
        await asked.head(kind="application/json")
        await asked.send(orjson.dumps({"object": "list", "data": [{"id": "m", "object": "model"}]}))
        await asked.end()

    async with provider(reply) as one:
        told = {"acme": {"kind": "openai", "api_key": KEY, "base_url": one.url}}
        async with house(tmp_path, one.url, ai_providers=told) as home, asyncio.TaskGroup() as group:
            ada, ben = await home.sessions.open("ada"), await home.sessions.open("ben")
            leaves = group.create_task(home.pool.models(ada))
            waits = [group.create_task(home.pool.models(ada)) for _ in range(5)]
            waits.append(group.create_task(home.pool.models(ben)))
            await eventually(lambda: len(one.asked) == 2)
            leaves.cancel()  # the others wait for what they asked for, too
            await asyncio.sleep(0)
            release.set()
            for found in [await wait for wait in waits]:
                assert [model.id for model in found] == ["acme/m", "demo/scripted"]
            await home.pool.models(ada)
    assert len(one.asked) == 2, "one for ada, one for ben"


async def test_a_users_own_address_never_gets_the_hosts_key(tmp_path: Path) -> None:
    async with (
        provider(words("mine")) as own,
        provider(words("host's")) as hosts,
        house(tmp_path, hosts.url) as home,
    ):
        session = await home.sessions.open("ada")
        await keep_provider(session, "acme", Provider(kind="openai", base_url=own.url, models=("m",)))
        assert texts(await home.ask("ada")) == "mine"
        assert texts(await home.ask("ben")) == "host's"
    assert KEY not in str(own.asked[0].headers)
    assert KEY in str(hosts.asked[0].headers)


async def test_a_users_own_address_must_be_public_where_there_are_several_users(tmp_path: Path) -> None:
    async with provider(words("mine")) as own, house(tmp_path, "http://127.0.0.1:9", multi_user=True) as home:
        session = await home.sessions.open("ada")
        await keep_provider(session, "mine", Provider(kind="openai", base_url=own.url, models=("m",)))
        with pytest.raises(LanguageModelError, match="not on the public internet") as error:
            await home.ask("ada", "mine/m")
    assert error.value.code == "NoPermissions"
    assert own.asked == []
    assert own.connections == 0


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["64:ff9b::7f00:1"], []])
async def test_a_name_that_leads_inside_is_refused_whatever_else_it_leads_to(addresses: list[str]) -> None:
    async def look_up(*asked: Any, **more: Any) -> list[Any]:
        return [(0, 0, 0, "", (address, 443)) for address in addresses]

    with pytest.raises(LanguageModelError, match="not on the public internet"):
        await guard(httpx2.Request("GET", "https://rebind.example/v1"), look_up)


async def test_what_was_judged_is_what_is_connected_to() -> None:
    async def look_up(*asked: Any, **more: Any) -> list[Any]:
        return [(0, 0, 0, "", ("93.184.215.14", 443))]

    request = httpx2.Request("GET", "https://models.example/v1")
    await guard(request, look_up)
    assert (request.url.host, request.headers["host"]) == ("93.184.215.14", "models.example")
    assert request.extensions["sni_hostname"] == "models.example"


async def test_only_few_of_a_users_calls_are_begun_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with provider(words("ok")) as one, house(tmp_path, one.url) as home:
        reserve, running, most = home.ledger.reserve, 0, 0

        async def counted(*of: Any) -> Any:
            nonlocal running, most
            running += 1
            most = max(most, running)
            try:
                return await reserve(*of)
            finally:
                running -= 1

        monkeypatch.setattr(home.ledger, "reserve", counted)
        session = await home.sessions.open("ada")
        assert session.quotas.streams is not None
        async with asyncio.TaskGroup() as group:
            for _ in range(session.quotas.streams):
                group.create_task(home.ask())
    assert 1 < most <= BEGINNING < session.quotas.streams
