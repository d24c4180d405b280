"""A voice: what leaves on a connection for one user, in order, and never all in one go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, MutableMapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from host import connection as connections
from host import logs
from host import voice as voices
from host.auth import User
from host.connection import Connection
from host.voice import Voice
from sessions.context import SessionContext
from sessions.errors import StoreError
from sessions.events import Event
from sessions.files import Files
from sessions.follower import Follower
from shim.commands import Commands
from tests.hosted import hosted
from tests.people import people

pytestmark = pytest.mark.anyio

MANY = 500


class Quick:
    """A connection whose client takes all at once: no send of it waits."""

    def __init__(self) -> None:
        self.closed = False
        self.sent: list[int] = []
        self.at: dict[int, Callable[[], None]] = {}
        self.host = SimpleNamespace(presence=lambda uid: SimpleNamespace(voices=0))

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text)["params"]["seq"])
        if (then := self.at.pop(len(self.sent), None)) is not None:
            then()

    async def until(self, count: int) -> int:
        """Wait until so many were sent; how many turns of the loop that took."""
        turns = 0
        while len(self.sent) < count:
            await asyncio.sleep(0)
            turns += 1
        return turns


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[tuple[Voice, Quick, int]]:
    """Ada's voice on a quick connection, and the number before that of her first of `MANY` events."""
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        quick = Quick()
        voice = Voice(cast(Connection, quick), "ada")
        voice.open_session = session
        first = session.mailbox.seq
        for number in range(MANY):
            shown: Any = session.mailbox.post("hello", {"number": number}, durable=False)
        await shown
        yield voice, quick, first


async def test_a_client_that_takes_events_at_once_leaves_turns_for_others(told: tuple[Voice, Quick, int]) -> None:
    voice, quick, first = told
    voice.follow(first)
    voice.speak()
    turns = await quick.until(MANY)
    assert quick.sent == list(range(first + 1, first + MANY + 1))
    assert turns > 10


async def test_who_follows_anew_hears_nothing_more_of_the_following_before(told: tuple[Voice, Quick, int]) -> None:
    voice, quick, first = told

    def anew() -> None:
        voice.follow(first)
        voice.speak()

    voice.follow(first)
    quick.at[5] = anew
    voice.speak()
    await quick.until(MANY + 5)
    assert quick.sent[:5] == list(range(first + 1, first + 6))
    assert quick.sent[5:] == list(range(first + 1, first + MANY + 1)), "none is missing, and none twice"


class Gate:
    """A connection that may speak for everybody, and what it is told."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.told: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()

    def send(self, uid: str, method: str, **params: Any) -> None:
        """Send a request of that user."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params, "uid": uid}
        self.incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(call)})

    async def until_answered(self) -> list[dict[str, Any]]:
        """What comes up to the next answer, with it."""
        heard = [json.loads((await self.told.get())["text"])]
        while heard[-1].get("id") != 1:
            heard.append(json.loads((await self.told.get())["text"]))
        return heard

    async def ask(self, uid: str, method: str, **params: Any) -> Any:
        """What a request of that user comes to."""
        self.send(uid, method, **params)
        return (await self.until_answered())[-1]["result"]


async def test_who_speaks_for_others_keeps_awake_whom_they_hear_and_lets_go_of_the_others(tmp_path: Path) -> None:
    gate = Gate()
    async with hosted(tmp_path) as (host, _), asyncio.TaskGroup() as group:
        connection = Connection(host, gate.incoming.get, gate.told.put)
        group.create_task(connection.run(User("gate", frozenset({"impersonate"}))))
        for uid, method in (("ada", "workspace.watch"), ("ben", "session.open"), ("eve", "session.ping")):
            await gate.ask(uid, "workspace.fs.stat", uri="/workspace")
            await gate.ask(uid, method, **({"glob": "**"} if method == "workspace.watch" else {}))
        await gate.ask("gate", "workspace.fs.stat", uri="/workspace")
        awake = {uid: await host.sessions.open(uid) for uid in ("ada", "ben", "eve", "gate")}
        assert [session.clients for session in awake.values()] == [1, 1, 1, 1]
        for _ in range(connections.QUIET_S):
            connection.let_rest()
        await gate.ask("eve", "session.ping")
        connection.let_rest()
        assert awake["eve"].clients == 1, "it has just been spoken for"
        for _ in range(connections.QUIET_S):
            connection.let_rest()
        assert [session.clients for session in awake.values()] == [1, 1, 0, 1]
        assert (await gate.ask("eve", "workspace.fs.stat", uri="/workspace"))["type"] == 2
        assert awake["eve"].clients == 1
        gate.incoming.put_nowait({"type": "websocket.disconnect"})


async def test_whose_request_takes_long_is_not_let_go_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, begun, goes_on = Gate(), asyncio.Event(), asyncio.Event()

    async def slow(files: Files, path: str) -> list[tuple[str, int]]:
        begun.set()
        await goes_on.wait()
        return []

    monkeypatch.setattr(Files, "read_directory", slow)
    async with hosted(tmp_path) as (host, _), asyncio.TaskGroup() as group:
        connection = Connection(host, gate.incoming.get, gate.told.put)
        group.create_task(connection.run(User("gate", frozenset({"impersonate"}))))
        asked = group.create_task(gate.ask("ada", "workspace.fs.readDirectory", uri="/workspace"))
        await begun.wait()
        for _ in range(2 * connections.QUIET_S):
            connection.let_rest()
        assert (await host.sessions.open("ada")).clients == 1
        goes_on.set()
        assert await asked == []
        gate.incoming.put_nowait({"type": "websocket.disconnect"})


async def test_who_may_not_speak_for_somebody_any_more_hears_nothing_of_them_and_lets_them_sleep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, begun, goes_on = Gate(), asyncio.Event(), asyncio.Event()
    async with hosted(tmp_path) as (host, _), asyncio.TaskGroup() as group:
        opens = host.sessions.open

        async def slow(uid: str) -> SessionContext:
            begun.set()
            await goes_on.wait()
            return await opens(uid)

        ada = await opens("ada")
        monkeypatch.setattr(host.sessions, "open", slow)
        connection = Connection(host, gate.incoming.get, gate.told.put)
        group.create_task(connection.run(User("gate", frozenset({"impersonate"}))))
        gate.send("ada", "session.open")
        await begun.wait()
        connection.trust(User("gate"))
        goes_on.set()
        assert "error" in (await gate.until_answered())[-1]
        assert ada.clients == 0
        await ada.mailbox.post("hello", {})
        assert (await gate.ask("gate", "workspace.fs.stat", uri="/workspace"))["type"] == 2
        assert gate.told.empty()
        gate.incoming.put_nowait({"type": "websocket.disconnect"})


async def test_what_a_command_tells_comes_before_its_answer(tmp_path: Path) -> None:
    gate = Gate()
    async with hosted(tmp_path) as (host, _), asyncio.TaskGroup() as group:
        connection = Connection(host, gate.incoming.get, gate.told.put)
        group.create_task(connection.run(User("ada")))
        await gate.ask("ada", "session.open")
        session = await host.sessions.open("ada")

        def tell() -> str:
            session.mailbox.post("kept", {}, durable=True)
            session.mailbox.post("seen", {})
            return "done"

        with session.entered():
            session.get(Commands).register("test.tell", tell)
        for _ in range(20):
            gate.send("ada", "commands.executeCommand", command="test.tell")
            heard = await gate.until_answered()
            assert [one["params"]["type"] for one in heard[:-1]] == ["kept", "seen"]
            gate.send("ada", "commands.executeCommand", command="setContext", arguments=["open", True])
            heard = await gate.until_answered()
            assert [one["params"]["type"] for one in heard[:-1]] == ["commands.onDidSetContext"]
        gate.incoming.put_nowait({"type": "websocket.disconnect"})


async def test_a_command_is_answered_also_where_its_events_cannot_be_kept_or_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    monkeypatch.setattr(voices, "SHOWN_WITHIN_S", 0.01)
    async with hosted(tmp_path) as (host, _), asyncio.TaskGroup() as group:
        connection = Connection(host, gate.incoming.get, gate.told.put)
        group.create_task(connection.run(User("ada")))
        await gate.ask("ada", "session.open")
        session = await host.sessions.open("ada")
        goes_on = asyncio.Event()

        async def broken(follower: Follower) -> list[Event]:
            await goes_on.wait()
            raise StoreError("it cannot be read")

        async with host.databases.pool.use("ada"):  # nothing is committed meanwhile
            session.mailbox.post("kept", {}, durable=True)
            assert await gate.ask("ada", "commands.executeCommand", command="setContext", arguments=["a", 1]) is None
        while session.mailbox.seq < 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
        await gate.ask("ada", "commands.executeCommand", command="setContext", arguments=["a", 2])
        monkeypatch.setattr(Follower, "read", broken)
        gate.send("ada", "commands.executeCommand", command="setContext", arguments=["a", 3])
        while session.get(Commands).context_keys.get("a") != 3:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
        goes_on.set()
        assert "result" in (await gate.until_answered())[-1]
        gate.incoming.put_nowait({"type": "websocket.disconnect"})


async def test_long_frames_leave_turns_for_others(tmp_path: Path) -> None:
    text = json.dumps({"jsonrpc": "2.0", "id": 1, "uid": "ada", "method": "x" * 200_000})
    frames = [{"type": "websocket.receive", "text": text}] * 32 + [{"type": "websocket.disconnect"}]
    turns: list[int] = []

    async def receive() -> MutableMapping[str, Any]:
        return frames.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        pass

    async def count() -> None:
        while frames:
            turns.append(len(frames))
            await asyncio.sleep(0)

    async with hosted(tmp_path) as (host, _), asyncio.TaskGroup() as group:
        group.create_task(Connection(host, receive, send).run(User("ada")))
        group.create_task(count())
    assert len(turns) > 30


async def test_a_failure_that_quotes_a_name_which_is_no_utf8_is_told_and_ends_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    monkeypatch.setattr(logs, "session_task_failed", lambda *_: None)  # a test's report could not hold it
    monkeypatch.setattr(Voice, "report", lambda *_: None)

    def fail() -> None:
        raise OSError("cannot read \udcff.txt")

    async def fail_later() -> None:
        fail()

    async with hosted(tmp_path) as (host, _), asyncio.TaskGroup() as group:
        connection = Connection(host, gate.incoming.get, gate.told.put)
        group.create_task(connection.run(User("ada")))
        await gate.ask("ada", "session.open")
        session = await host.sessions.open("ada")
        with session.entered():
            session.get(Commands).register("test.fail", fail)
        gate.send("ada", "commands.executeCommand", command="test.fail")
        assert (await gate.until_answered())[-1]["error"]["message"].endswith("cannot read ?.txt")
        await asyncio.wait({session.start(fail_later(), "test")})
        event = json.loads((await gate.told.get())["text"])["params"]
        assert (event["type"], event["data"]["message"]) == ("session.onDidFailTask", "OSError: cannot read ?.txt")
        assert (await gate.ask("ada", "workspace.fs.stat", uri="/workspace"))["type"] == 2
        gate.incoming.put_nowait({"type": "websocket.disconnect"})


async def test_whatever_was_asked_ends_with_its_connection_also_by_notifications_and_by_one_id_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, ended = Gate(), asyncio.Queue[str]()
    begun = asyncio.Queue[str]()

    async def slow(files: Files, path: str) -> list[tuple[str, int]]:
        begun.put_nowait(path)
        try:
            await asyncio.Event().wait()
        finally:
            ended.put_nowait(path)
        return []

    monkeypatch.setattr(Files, "read_directory", slow)
    async with hosted(tmp_path) as (host, _), asyncio.TaskGroup() as group:
        connection = Connection(host, gate.incoming.get, gate.told.put)
        group.create_task(connection.run(User("ada")))
        call = {"jsonrpc": "2.0", "uid": "ada", "method": "workspace.fs.readDirectory"}
        for number, id_ in enumerate(({"id": 1}, {"id": 1}, {}, {})):
            text = json.dumps(call | {"params": {"uri": f"/{number}"}} | id_)
            gate.incoming.put_nowait({"type": "websocket.receive", "text": text})
        assert sorted([await begun.get() for _ in range(4)]) == ["/0", "/1", "/2", "/3"]
        gate.incoming.put_nowait({"type": "websocket.disconnect"})
        async with asyncio.timeout(10):
            assert sorted([await ended.get() for _ in range(4)]) == ["/0", "/1", "/2", "/3"]
