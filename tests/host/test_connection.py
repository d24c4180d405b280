"""The socket as a client meets it: what is answered, what is refused, what closes, and who pays for it."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
import websockets

from tests.client import Client, Refused, connect

pytestmark = pytest.mark.anyio


async def test_a_ping_needs_no_session_and_answers_with_the_time(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        answer = await client.ask("session.ping")
        assert answer["uid"] == alice
        assert answer["result"]["time"] > 1_700_000_000_000


async def test_opening_says_who_where_and_what_one_may_have(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        opened = await client.call("session.open")
        assert opened["uid"] == alice
        assert opened["workspaceFolders"] == [{"uri": "file:///workspace", "name": "workspace"}]
        assert opened["seq"] == 0
        assert opened["resumed"] is False
        assert opened["server"]["name"] == "roost"
        assert opened["quotas"]["connections"] == 100
        assert set(opened["isolation"]) == {"level", "terminals", "network"}


WRONG: list[tuple[dict[str, Any], int]] = [
    ({"jsonrpc": "1.0"}, -32600),
    ({"jsonrpc": None}, -32600),
    ({"id": 1.5}, -32600),
    ({"id": {"a": 1}}, -32600),
    ({"id": [1]}, -32600),
    ({"id": False}, -32600),
    ({"uid": None}, -32600),
    ({"uid": 7}, -32600),
    ({"uid": ["a"]}, -32600),
    ({"uid": ""}, -32003),
    ({"uid": "eve"}, -32003),
    ({"uid": "../eve"}, -32003),
    ({"method": None}, -32600),
    ({"method": 3}, -32600),
    ({"method": ""}, -32601),
    ({"method": "no.such"}, -32601),
    ({"method": "Session.ping"}, -32601),
    ({"method": "session.ping "}, -32601),
    ({"method": "__class__"}, -32601),
    ({"method": "session.ping", "params": []}, -32602),
    ({"method": "session.ping", "params": "x"}, -32602),
    ({"method": "session.ping", "params": {"x": 1}}, -32602),
    ({"method": "session.ping", "params": {"uid": "eve"}}, -32602),
    ({"method": "session.open", "params": {"after": -1}}, -32602),
    ({"method": "session.open", "params": {"after": "1"}}, -32602),
    ({"method": "session.open", "params": {"after": 1.5}}, -32602),
    ({"method": "session.open", "params": {"after": True}}, -32602),
    ({"method": "workspace.fs.stat", "params": {}}, -32602),
    ({"method": "workspace.fs.stat", "params": {"uri": 7}}, -32602),
    ({"method": "workspace.fs.stat", "params": {"uri": None}}, -32602),
    ({"method": "workspace.fs.stat", "params": {"uri": "relative"}}, -32602),
    ({"method": "workspace.fs.stat", "params": {"uri": "http://h/a"}}, -32602),
    ({"method": "workspace.fs.stat", "params": {"uri": "file://host/a"}}, -32602),
    ({"method": "workspace.fs.stat", "params": {"uri": "file:///a?b"}}, -32602),
    ({"method": "workspace.fs.stat", "params": {"uri": "file:///a#b"}}, -32602),
    ({"method": "workspace.fs.stat", "params": {"uri": "/a\0b"}}, -32602),
    ({"method": "workspace.fs.stat", "params": {"uri": "/" + "x" * 256}}, -32602),
    ({"method": "workspace.fs.stat", "params": {"uri": "/missing"}}, -32010),
    ({"method": "workspace.fs.readFile", "params": {"uri": "/workspace"}}, -32010),
    ({"method": "workspace.fs.readFile", "params": {"uri": "/workspace/a", "encoding": "latin-1"}}, -32602),
    ({"method": "workspace.fs.writeFile", "params": {"uri": "/workspace/a"}}, -32602),
    ({"method": "workspace.fs.writeFile", "params": {"uri": "/workspace/a", "content": 1}}, -32602),
    ({"method": "workspace.fs.writeFile", "params": {"uri": "/workspace/a", "content": "", "create": "yes"}}, -32602),
    ({"method": "workspace.fs.writeFile", "params": {"uri": "/a", "content": ""}}, -32010),
    (
        {"method": "workspace.fs.writeFile", "params": {"uri": "/workspace/a", "content": "!", "encoding": "base64"}},
        -32602,
    ),
    ({"method": "workspace.fs.rename", "params": {"source": "/workspace"}}, -32602),
    ({"method": "workspace.fs.rename", "params": {"source": "/workspace", "target": "/home/x"}}, -32010),
    ({"method": "workspace.fs.delete", "params": {"uri": "/workspace", "recursive": True}}, -32010),
    ({"method": "state.get", "params": {"scope": "everybody", "key": "k"}}, -32602),
    ({"method": "state.get", "params": {"scope": "global"}}, -32602),
    ({"method": "state.update", "params": {"scope": "global", "key": ""}}, -32602),
    ({"method": "state.update", "params": {"scope": "global", "key": "k" * 1025, "value": 1}}, -32602),
    ({"method": "state.update", "params": {"scope": "global", "key": 1, "value": 1}}, -32602),
    ({"method": "secrets.store", "params": {"key": "k"}}, -32602),
    ({"method": "secrets.store", "params": {"key": "k", "value": 1}}, -32602),
    ({"method": "secrets.store", "params": {"key": "k", "value": "x" * 65_537}}, -32602),
    ({"method": "secrets.get", "params": {"key": "k"}}, -32601),
    ({"method": "commands.executeCommand", "params": {"command": "no.such"}}, -32011),
    ({"method": "commands.executeCommand", "params": {"command": ""}}, -32602),
    ({"method": "commands.executeCommand", "params": {"command": "a", "arguments": {"x": 1}}}, -32602),
    ({"method": "commands.executeCommand", "params": {"command": "a", "arguments": "x"}}, -32602),
    ({"method": "$/cancelRequest", "params": {}}, -32602),
    ({"method": "$/cancelRequest", "params": {"id": [1]}}, -32602),
    ({"method": "session.authenticate", "params": {"token": "x"}}, -32002),
]


@pytest.mark.parametrize(("change", "code"), WRONG, ids=lambda value: json.dumps(value)[:60])
async def test_each_abuse_gets_its_code_a_sentence_and_no_traceback(
    base: str, alice: str, change: dict[str, Any], code: int
) -> None:
    async with connect(base, alice) as client:
        message = {"jsonrpc": "2.0", "id": "abuse", "method": "session.ping", "params": {}, "uid": alice} | change
        await client.send({name: value for name, value in message.items() if value is not None})
        answer = await asyncio.wait_for(client.inbox.get(), 10)
        assert answer["error"]["code"] == code, answer
        assert answer["uid"] == alice
        assert "Traceback" not in answer["error"]["message"]
        assert len(answer["error"]["message"]) > 5
        assert (await client.ask("session.ping"))["result"]


UNREADABLE = ["", "x", "{", "{'a': 1}", "[[[[", "\ufeff{}", '{"a": NaN}', "nul", "\x00", '{"jsonrpc": "2.0"']


async def test_unreadable_frames_are_answered_and_the_tenth_in_a_row_closes(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        for text in UNREADABLE[:9]:
            await client.send(text)
            assert (await asyncio.wait_for(client.inbox.get(), 10))["error"]["code"] == -32700
        assert (await client.ask("session.ping"))["result"]
        for text in UNREADABLE:
            await client.send(text)
        assert await client.closed() == 1008


async def test_a_batch_is_refused_and_the_connection_lives_on(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await client.send(json.dumps([{"jsonrpc": "2.0", "id": 1, "method": "session.ping", "uid": alice}]))
        assert (await asyncio.wait_for(client.inbox.get(), 10))["error"]["code"] == -32600
        assert (await client.ask("session.ping"))["result"]


async def test_a_notification_is_never_answered_not_even_a_wrong_one(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        for method, params in [("session.ping", {}), ("no.such", {}), ("workspace.fs.stat", {"uri": 1})]:
            await client.send({"jsonrpc": "2.0", "method": method, "params": params, "uid": alice})
        await client.send({"jsonrpc": "2.0", "method": "session.ping", "params": {}, "uid": "eve"})
        assert (await client.ask("session.ping"))["result"]
        assert len(client.heard) == 1


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", 4400),
        ("?uid=", 4400),
        ("?uid=..", 4400),
        ("?uid=a%2Fb", 4400),
        ("?uid=a%00", 4400),
        ("?uid=%C3%A9", 4400),
        ("?uid=" + "a" * 129, 4400),
        ("?uid=a&uid=b", 4400),
        ("?uid=a&uid=a", 4400),
        ("?UID=a", 4400),
        ("?uid=a%20", 4400),
        ("?uid=a+b%0A", 4400),
    ],
)
async def test_a_bad_uid_in_the_query_closes_with_4400(base: str, query: str, code: int) -> None:
    async with connect(base, None, query) as client:
        assert await client.closed() == code


async def test_a_frame_over_16_mib_closes_with_1009(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        with pytest.raises((websockets.ConnectionClosed, ConnectionError)):
            await client.ask("state.update", {"scope": "global", "key": "k", "value": "x" * (17 * 1024 * 1024)})
        assert await client.closed() == 1009


async def test_a_request_that_waits_can_be_cancelled_and_only_by_its_own_user(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as mine, connect(base, bob) as other:
        await mine.call("session.open")
        asked = asyncio.create_task(
            mine.ask("commands.executeCommand", {"command": "hello.greet", "arguments": []}, id="slow")
        )
        await mine.next("window.showMessage")
        for uid in (bob, alice):
            await other.send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "slow"}, "uid": uid})
        assert (await other.ask("session.ping"))["result"]
        assert not asked.done()
        await mine.send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "slow"}, "uid": alice})
        assert (await asked)["error"]["code"] == -32800


async def test_only_the_users_own_clients_can_answer_what_was_asked_of_them(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as mine, connect(base, bob) as other:
        await mine.call("session.open")
        await other.call("session.open")
        asked = asyncio.create_task(mine.ask("commands.executeCommand", {"command": "hello.greet"}))
        request = await mine.next("window.showMessage")
        for uid in (bob, alice):
            await other.send({"jsonrpc": "2.0", "id": request["id"], "result": "stolen", "uid": uid})
        assert (await other.ask("session.ping"))["result"]
        assert not asked.done()
        await mine.send({"jsonrpc": "2.0", "id": request["id"], "result": None, "uid": alice})
        assert "result" in await asked
        assert all(alice not in json.dumps(message) for message in other.heard)


async def test_a_request_of_the_host_waits_for_a_client_and_the_first_answer_wins(base: str, alice: str) -> None:
    async with connect(base, alice) as first:
        asked = asyncio.create_task(first.ask("commands.executeCommand", {"command": "hello.greet"}))
        assert (await first.ask("session.ping"))["result"]
        async with connect(base, alice) as second:
            await second.call("session.open")
            request = await second.next("window.showMessage")
            await first.call("session.open")
            again = await first.next("window.showMessage")
            assert again["id"] == request["id"]
            await second.send({"jsonrpc": "2.0", "id": request["id"], "result": None, "uid": alice})
            assert "result" in await asked
            withdrawn = await first.next("$/cancelRequest")
            assert withdrawn["params"] == {"id": request["id"]}


async def test_more_requests_at_once_than_may_be_in_flight_are_told_to_come_again(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await client.call("session.open")
        calls = [client.ask("workspace.fs.readDirectory", {"uri": "/workspace"}) for _ in range(1_500)]
        answers = await asyncio.gather(*calls)
        refused = [one["error"] for one in answers if "error" in one]
        assert all(one["code"] == -32001 and one["data"]["retryable"] for one in refused)
        assert len(refused) < 1_500
        assert (await client.ask("session.ping"))["result"]


async def test_a_flood_costs_the_flooder_and_not_their_neighbour(base: str, alice: str, bob: str) -> None:
    ping = json.dumps({"jsonrpc": "2.0", "method": "session.ping", "params": {}, "uid": alice})

    async def flood(client: Client) -> None:
        for number in range(20_000):
            await client.send(ping)
            if number % 20 == 0:
                await asyncio.sleep(0)

    async with connect(base, alice) as flooder, connect(base, bob) as neighbour:
        flooding = asyncio.create_task(flood(flooder))
        waits = []
        while not flooding.done():
            began = asyncio.get_running_loop().time()
            assert (await neighbour.ask("session.ping"))["result"]
            waits.append(asyncio.get_running_loop().time() - began)
            await asyncio.sleep(0.005)
        assert len(waits) > 10
        assert sorted(waits)[len(waits) // 2] < 0.25


async def test_state_keeps_null_apart_from_nothing(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await client.call("state.update", scope="global", key="k", value=None)
        assert await client.call("state.get", scope="global", key="k", default=7) is None
        assert await client.call("state.keys", scope="global") == ["k"]
        assert await client.call("state.get", scope="workspace", key="k", default=7) == 7
        await client.call("state.update", scope="global", key="k")
        assert await client.call("state.get", scope="global", key="k", default=7) == 7
        assert await client.call("state.get", scope="global", key="k") is None


async def test_secrets_go_in_and_never_come_out(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await client.call("secrets.store", key="token", value="canary-4711")
        assert await client.call("secrets.keys") == ["token"]
        await client.call("secrets.delete", key="token")
        assert await client.call("secrets.keys") == []
        assert "canary-4711" not in json.dumps(client.heard)


async def test_discovery_lists_every_method_that_there_is(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        document = await client.call("rpc.discover")
        methods = {one["name"]: one for one in document["methods"]}
        assert {"session.open", "workspace.fs.writeFile", "state.update", "rpc.discover"} <= set(methods)
        params = {one["name"]: one["required"] for one in methods["workspace.fs.writeFile"]["params"]}
        assert params == {"uri": True, "content": True, "encoding": False, "create": False, "overwrite": False}
        for name in methods:
            answer = await client.ask(name, {"noSuchParameter": 1})
            assert answer["error"]["code"] == -32602, name


async def test_a_file_too_big_for_a_frame_says_its_size(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        content = base64.b64encode(b"\x01" * 3_000_000).decode()
        await client.call("workspace.fs.writeFile", uri="/workspace/big", content=content, encoding="base64")
        with pytest.raises(Refused) as caught:
            await client.call("workspace.fs.readFile", uri="/workspace/big")
        assert caught.value.code == -32010
        assert caught.value.data["code"] == "Unavailable"
        assert caught.value.data["size"] >= 3_000_000


async def test_countless_mistakes_are_not_told_one_by_one(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        answer = await client.ask("session.ping", {f"x{number}": 1 for number in range(20_000)})
        assert answer["error"]["code"] == -32602
        assert "20000 mistakes" in answer["error"]["message"]
        assert [one["field"] for one in answer["error"]["data"]["errors"]] == ["params"]
