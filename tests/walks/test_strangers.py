"""Two users who try everything on each other: nothing of one is reachable, listed, guessed or changed by the other."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, Process, connect
from tests.raw import fetch
from tests.tokens import bearer, token

pytestmark = pytest.mark.anyio

CALLS: dict[str, dict[str, Any]] = {
    "session.open": {},
    "session.ping": {},
    "rpc.discover": {},
    "workspace.fs.stat": {"uri": "/workspace/secret.txt"},
    "workspace.fs.readDirectory": {"uri": "/workspace"},
    "workspace.fs.readFile": {"uri": "/workspace/secret.txt"},
    "workspace.fs.writeFile": {"uri": "/workspace/secret.txt", "content": "overwritten"},
    "workspace.fs.createDirectory": {"uri": "/workspace/planted"},
    "workspace.fs.delete": {"uri": "/workspace/secret.txt"},
    "workspace.fs.readTrash": {},
    "workspace.fs.rename": {"source": "/workspace/secret.txt", "target": "/workspace/moved"},
    "workspace.fs.copy": {"source": "/workspace/secret.txt", "target": "/workspace/copied"},
    "commands.getCommands": {},
    "commands.getContext": {},
    "commands.executeCommand": {"command": "hello.remember", "arguments": ["planted"]},
    "state.get": {"scope": "global", "key": "mine"},
    "state.update": {"scope": "global", "key": "mine", "value": "planted"},
    "state.keys": {"scope": "global"},
    "secrets.store": {"key": "planted", "value": "planted"},
    "secrets.delete": {"key": "mine"},
    "secrets.keys": {},
}
"""Every method with parameters that would do something, were it for one's own world."""


async def furnish(client: Client, canary: str) -> None:
    """Leave something in every kind of place that a user has."""
    await client.call("workspace.fs.writeFile", uri="/workspace/secret.txt", content=canary)
    await client.call("state.update", scope="global", key="mine", value=canary)
    await client.call("state.update", scope="workspace", key="mine", value=canary)
    await client.call("secrets.store", key="mine", value=canary)
    await client.call("commands.executeCommand", command="hello.remember", arguments=[canary])


async def world(client: Client) -> dict[str, Any]:
    """Everything that `furnish` left and an intruder would change, as its owner sees it."""
    folders = [
        await client.call("workspace.fs.readDirectory", uri=f"/{name}") for name in ("", "workspace", "home", "tmp")
    ]
    return {
        "folders": folders,
        "text": (await client.call("workspace.fs.readFile", uri="/workspace/secret.txt"))["content"],
        "stat": await client.call("workspace.fs.stat", uri="/workspace/secret.txt"),
        "state": [await client.call("state.get", scope=scope, key="mine") for scope in ("global", "workspace")],
        "keys": [await client.call("state.keys", scope=scope) for scope in ("global", "workspace")],
        "secrets": await client.call("secrets.keys"),
        "note": await client.call("commands.executeCommand", command="hello.recall"),
    }


def people_on_disk(host: Process) -> set[str]:
    return {one.name for one in (host.log.with_suffix("") / "users").iterdir()}


async def test_every_method_that_there_is_stands_in_this_table(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        known = {one["name"] for one in (await client.call("rpc.discover"))["methods"]}
        issue_2 = {name for name in known if not name.startswith(("lm.", "window.", "terminal.", "workspace.o"))}
        assert set(CALLS) <= known
        assert "session.authenticate" in issue_2


async def test_no_method_works_with_anothers_uid_in_the_message(process: Process, alice: str, bob: str) -> None:
    async with connect(process.base, alice) as mine, connect(process.base, bob) as other:
        await furnish(mine, "canary-of-alice")
        before = await world(mine)
        names = [one["name"] for one in (await other.call("rpc.discover"))["methods"]]
        for name in names:
            for uid in (alice, alice.upper(), f"{alice}\0", f"{alice} ", f"../{alice}", f"{bob}/../{alice}", "*"):
                answer = await other.ask(name, CALLS.get(name, {}), uid=uid)
                assert answer["error"]["code"] == -32003, (name, uid, answer)
                assert answer["uid"] == bob
        assert "canary-of-alice" not in json.dumps(other.heard)
        assert await world(mine) == before


async def test_anothers_uid_in_a_notification_does_nothing_and_says_nothing(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as mine, connect(base, bob) as other:
        await furnish(mine, "canary-of-alice")
        before = await world(mine)
        for name, params in CALLS.items():
            await other.send({"jsonrpc": "2.0", "method": name, "params": params, "uid": alice})
        assert (await other.ask("session.ping"))["result"]
        assert len(other.heard) == 1
        assert await world(mine) == before


async def test_a_uid_that_nobody_has_is_not_made_by_speaking_for_it(process: Process, alice: str) -> None:
    async with connect(process.base, alice) as client:
        await client.call("session.open")
        for name, params in CALLS.items():
            assert (await client.ask(name, params, uid=f"ghost-of-{alice}"))["error"]["code"] == -32003
    assert f"ghost-of-{alice}" not in people_on_disk(process)


async def test_no_parameter_names_another_user(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as mine, connect(base, bob) as other:
        await furnish(mine, "canary-of-alice")
        before = await world(mine)
        for name, params in CALLS.items():
            for field in ("uid", "user", "session", "sessionId"):
                assert (await other.ask(name, {**params, field: alice}))["error"]["code"] == -32602, name
        assert "canary-of-alice" not in json.dumps(other.heard)
        assert await world(mine) == before


async def test_members_beside_the_message_do_not_change_who_speaks(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as mine, connect(base, bob) as other:
        await furnish(mine, "canary-of-alice")
        for more in (
            {"user": alice},
            {"Uid": alice},
            {"_uid": alice},
            {"session": alice},
            {"__proto__": {"uid": alice}},
        ):
            answer = await other.ask("state.get", {"scope": "global", "key": "mine"}, **more)
            assert answer.get("result") is None
        for first, second in ((alice, bob), (bob, alice)):
            twice = f'{{"jsonrpc":"2.0","id":"twice","uid":"{first}","uid":"{second}","method":"state.get",'
            await other.send(twice + '"params":{"scope":"global","key":"mine"}}')
            answer = await other.next_answer("twice")
            assert answer.get("result") is None
            assert answer["uid"] == bob
        assert "canary-of-alice" not in json.dumps(other.heard)


def ways_to(uid: str, data: Path) -> list[str]:
    """Paths that would be another's file, were a prefix ever pasted or a `..` ever believed."""
    tail = f"{uid}/root/workspace/secret.txt"
    real = f"{data}/users/{tail}"
    climbs = [f"/{'../' * depth}{tail}" for depth in (1, 2, 3, 9)] + [
        f"/workspace/{'../' * d}{tail}" for d in (1, 3, 9)
    ]
    climbs += [f"/workspace/../../../{uid}/state.db", f"/../../{uid}/state.db", "/../state.db", "/../../../host.lock"]
    pasted = [
        real,
        f"/{tail}",
        f"/users/{tail}",
        f"/workspace{real}",
        f"/{uid}/secret.txt",
        f"/workspace/{uid}/secret.txt",
    ]
    links = [f"/proc/self/root{real}", f"/proc/self/cwd/{tail}", f"/proc/1/root{real}", "/dev/fd/3", "/proc/self/fd/7"]
    return climbs + pasted + links


async def test_no_path_leads_to_anothers_files(process: Process, alice: str, bob: str) -> None:
    data = process.log.with_suffix("")
    async with connect(process.base, alice) as mine, connect(process.base, bob) as other:
        await furnish(mine, "canary-of-alice")
        before = await world(mine)
        uris = [uri for path in ways_to(alice, data) for uri in (path, f"file://{path}")]
        for uri in uris:
            for name in ("stat", "readFile", "readDirectory", "delete"):
                answer = await other.ask(f"workspace.fs.{name}", {"uri": uri})
                assert answer["error"]["code"] in (-32010, -32602), (name, uri)
                assert str(data) not in json.dumps(answer).replace(uri.removeprefix("file://"), "")
        for path in ways_to(alice, data):
            for uri in (path, f"file://{path}"):
                await other.ask("workspace.fs.writeFile", {"uri": uri, "content": "planted"})
                await other.ask("workspace.fs.copy", {"source": uri, "target": "/workspace/loot"})
                await other.ask("commands.executeCommand", {"command": "hello.countWords", "arguments": [path]})
            await fetch(process.base, f"/api/v1/files?uid={bob}&path={path}", "PUT", b"planted")
            answer = await fetch(process.base, f"/api/v1/files?uid={bob}&path={path}")
            assert b"canary" not in answer.body
            assert b"SQLite" not in answer.body
        assert "canary-of-alice" not in json.dumps(other.heard)
        assert await world(mine) == before


async def test_nobody_reads_brings_back_or_empties_anothers_trash(process: Process, alice: str, bob: str) -> None:
    users = process.log.with_suffix("") / "users"
    async with connect(process.base, alice) as mine, connect(process.base, bob) as other:
        await furnish(mine, "canary-of-alice")
        await mine.call("workspace.fs.delete", uri="/workspace/secret.txt", useTrash=True)
        [there] = await mine.call("workspace.fs.readTrash")
        assert await other.call("workspace.fs.readTrash") == []
        path = there["uri"].removeprefix("file://")
        tail = f"{alice}/root{path}"
        for way in (path, f"/{tail}", f"/../../{tail}", f"/workspace/../../../{tail}", f"{users}/{tail}"):
            for name in ("readFile", "delete"):
                assert "error" in await other.ask(f"workspace.fs.{name}", {"uri": way}), (name, way)
            assert "error" in await other.ask("workspace.fs.rename", {"source": way, "target": "/workspace/loot"}), way
        await other.call("workspace.fs.createDirectory", uri="/home/.local/share")
        trash = users / bob / "root/home/.local/share/Trash"
        await asyncio.to_thread(trash.symlink_to, users / tail / "../..", target_is_directory=True)
        await other.ask("workspace.fs.readTrash")
        await other.call("workspace.fs.writeFile", uri="/workspace/mine", content="planted")
        await other.ask("workspace.fs.delete", {"uri": "/workspace/mine", "useTrash": True})
        assert "secret.txt" not in json.dumps([one for one in other.heard if "result" in one])
        assert "canary" not in json.dumps(other.heard)
        assert await mine.call("workspace.fs.readTrash") == [there]
        await mine.call("workspace.fs.rename", source=there["uri"], target=there["was"])
        assert (await mine.call("workspace.fs.readFile", uri="/workspace/secret.txt"))["content"] == "canary-of-alice"


async def test_the_same_names_hold_each_users_own_things(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as mine, connect(base, bob) as other:
        await asyncio.gather(furnish(mine, "of-alice"), furnish(other, "of-bob"))
        first, second = await asyncio.gather(world(mine), world(other))
        assert (first["text"], first["state"], first["note"]) == ("of-alice", ["of-alice"] * 2, "of-alice")
        assert (second["text"], second["state"], second["note"]) == ("of-bob", ["of-bob"] * 2, "of-bob")
        await other.call("secrets.delete", key="mine")
        assert await mine.call("secrets.keys") == ["mine"]


@pytest.mark.parametrize(
    "pair", [("{}", "{}x"), ("{}", "{}.lock"), ("{}@a", "{}@b"), ("A{}", "a{}"), ("{}.", "{}.."), ("{}+", "{}-")]
)
async def test_uids_that_look_alike_are_strangers(base: str, alice: str, pair: tuple[str, str]) -> None:
    first, second = (one.format(alice) for one in pair)
    query = {uid: "?uid=" + uid.replace("+", "%2B").replace("@", "%40") for uid in (first, second)}
    async with connect(base, first, query[first]) as mine, connect(base, second, query[second]) as other:
        await furnish(mine, "of-the-first")
        assert await other.call("state.keys", scope="global") == []
        assert await other.call("secrets.keys") == []
        assert await other.call("workspace.fs.readDirectory", uri="/workspace") == []
        assert (await other.call("session.open"))["uid"] == second


async def test_events_reach_their_own_user_only(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as mine, connect(base, bob) as other:
        await mine.call("session.open")
        await other.call("session.open", after=0)
        await furnish(mine, "canary of alice")
        for _ in range(20):
            await mine.call("commands.executeCommand", command="hello.countWords", arguments=["secret.txt"])
        assert (await other.call("session.open", after=0))["seq"] == 0
        await asyncio.gather(*(other.ask("session.ping") for _ in range(50)))
        assert not [one for one in other.heard if "method" in one]
        assert alice not in json.dumps(other.heard)
        assert len([one for one in mine.heard if one.get("method") == "event"]) == 20


async def test_no_id_of_one_user_means_anything_to_another(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as mine, connect(base, bob) as other:
        opened = await mine.call("session.open")
        await other.call("session.open")
        asked = asyncio.create_task(mine.ask("commands.executeCommand", {"command": "hello.greet"}, id=7))
        question = await mine.next("window.showMessage")
        for id_ in (7, "7", question["id"], opened["sessionId"]):
            await other.send({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": id_}, "uid": bob})
            for answer in ({"result": "stolen"}, {"error": {"code": 1, "message": "stolen"}}):
                await other.send({"jsonrpc": "2.0", "id": id_, **answer, "uid": bob})
                await other.send({"jsonrpc": "2.0", "id": id_, **answer, "uid": alice})
        assert (await other.ask("session.ping"))["result"]
        assert not asked.done()
        await mine.send({"jsonrpc": "2.0", "id": question["id"], "result": "Hello to you, too", "uid": alice})
        assert (await asked)["result"] == "Hello to you, too"


async def test_what_is_missing_and_what_is_anothers_look_the_same(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as mine, connect(base, bob) as other:
        await furnish(mine, "canary-of-alice")
        for path in ("/../{}/root/workspace/secret.txt", "/users/{}/root", "/../{}/state.db"):
            theirs = (await other.ask("workspace.fs.stat", {"uri": path.format(alice)}))["error"]
            nobodys = (await other.ask("workspace.fs.stat", {"uri": path.format("nobody")}))["error"]
            assert json.dumps(theirs).replace(alice, "nobody") == json.dumps(nobodys)


ROUTES = [
    ("GET", "/api/v1/files?path=/workspace/secret.txt"),
    ("HEAD", "/api/v1/files?path=/workspace/secret.txt"),
    ("PUT", "/api/v1/files?path=/workspace/secret.txt"),
    ("GET", "/api/v1/events?"),
    ("GET", "/api/v1/config?"),
    ("PUT", "/api/v1/config?"),
]


async def test_no_route_serves_another_whatever_the_request_says(guarded: Process, alice: str, bob: str) -> None:
    mine_headers = {"additional_headers": bearer(alice)}
    async with connect(guarded.base, alice, "", **mine_headers) as mine:
        await furnish(mine, "canary-of-alice")
        before = await world(mine)
        sign = bearer(bob)
        told = {
            "X-Forwarded-User": alice,
            "X-User-Id": alice,
            "X-Roost-Uid": alice,
            "Cookie": f"uid={alice}; roost_session={alice}",
        }
        for method, target in ROUTES:
            body: Any = {"user": {"hello.x": 1}, "uid": alice} if "config" in target else b"planted"
            body = body if method == "PUT" else b""
            for query in (f"&uid={alice}", f"&uid={bob}&uid={alice}", f"&uid={alice}&uid={bob}", f"&uid=../{alice}"):
                answer = await fetch(guarded.base, target + query, method, body, **sign)
                assert answer.status in (400, 401, 403, 404), (method, query, answer)
                assert b"canary" not in answer.body
            for nobody in (
                {},
                {"Cookie": told["Cookie"]},
                {"Authorization": f"Bearer {alice}"},
                {"Authorization": "Basic Og=="},
            ):
                answer = await fetch(guarded.base, f"{target}&uid={alice}", method, body, **nobody)
                assert answer.status == 401 or (answer.status == 403 and "Cookie" in nobody), (method, nobody, answer)
                assert answer.kind == "application/problem+json" or method == "HEAD"
            if "events" not in target:
                assert b"canary" not in (await fetch(guarded.base, target, method, body, **sign, **told)).body
        assert await world(mine) == before


async def test_a_token_of_one_opens_no_socket_of_another(guarded: Process, alice: str, bob: str) -> None:
    for query, code in ((f"?uid={alice}", 4403), (f"?uid={bob}&uid={alice}", 4400), ("?uid=..", 4400)):
        async with connect(guarded.base, None, query, additional_headers=bearer(bob)) as client:
            assert await client.closed() == code
    async with connect(guarded.base, bob, f"?uid={bob}", additional_headers=bearer(bob)) as client:
        for name, params in CALLS.items():
            assert (await client.ask(name, params, uid=alice))["error"]["code"] == -32003
        refused = await client.ask("session.authenticate", {"token": token(alice)})
        assert refused["error"]["code"] in (-32002, -32003)
        assert (await client.call("session.open"))["uid"] == bob
    assert alice not in people_on_disk(guarded)
