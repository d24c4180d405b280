"""A host that is killed amid fifty streams of models forgets no finished call, over real sockets and processes."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.client import connect, running
from tests.raw import fetch

pytestmark = pytest.mark.anyio

USERS = [f"u{number}" for number in range(10)]
STREAMS = 5
"""Of each user at once."""

ASK = {"model": "demo/scripted", "messages": [{"role": "user", "content": "hello"}], "stream": True}


async def stream(base: str, uid: str) -> bytes:
    """A whole streamed answer, or what of it came."""
    place = urlsplit(base)
    body = json.dumps(ASK).encode()
    head = f"POST /v1/chat/completions?uid={uid} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        writer.write(head.encode() + body)
        return await reader.read(-1)
    finally:
        writer.close()


async def ask_on_and_on(base: str, uid: str, done: Counter[str]) -> None:
    """Stream after stream until the host is gone."""
    try:
        while b"[DONE]" in await stream(base, uid):
            done[uid] += 1
    except OSError:
        pass


async def usage(base: str, uid: str) -> Any:
    return (await fetch(base, f"/api/v1/usage?uid={uid}")).json()


async def test_a_kill_amid_fifty_streams_loses_no_finished_call(tmp_path: Path) -> None:
    done: Counter[str] = Counter()
    with running(tmp_path / "data") as host:
        async with asyncio.TaskGroup() as group:
            for uid in USERS:
                for _ in range(STREAMS):
                    group.create_task(ask_on_and_on(host.base, uid, done))
            async with asyncio.timeout(40):
                while len(done) < len(USERS) or done.total() < 60:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            host.send(signal.SIGKILL)
    with running(tmp_path / "data") as host:
        for uid in USERS:
            report = await usage(host.base, uid)
            assert report["calls"] >= done[uid]
            assert report["calls"] <= done[uid] + 2 * STREAMS
            assert report["totalCost"] == 0
            assert all(one["held"] == 0 for one in report["budgets"].values())
        assert b"[DONE]" in await stream(host.base, "u1")


async def test_a_host_that_drains_counts_the_answers_that_it_breaks_off(tmp_path: Path) -> None:
    endless = {"user": {"demo.script": {"rules": [{"text": "word " * 10_000}]}}}
    with running(tmp_path / "data") as host:
        assert (await fetch(host.base, "/api/v1/config?uid=ada", "PUT", endless)).status == 200
        async with asyncio.TaskGroup() as group:
            streams = [group.create_task(stream(host.base, "ada")) for _ in range(STREAMS)]
            async with asyncio.timeout(20):
                while b"roost_model_calls_running 5.0" not in (await fetch(host.base, "/metrics")).body:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert await host.stop(signal.SIGTERM) == 0
        assert not any(b"[DONE]" in one.result() for one in streams)
    with closing(sqlite3.connect(tmp_path / "data/users/ada/state.db")) as rows:
        assert rows.execute("SELECT outcome FROM calls").fetchall() == [("cancelled",)] * STREAMS
        assert rows.execute("SELECT count(*) FROM holds").fetchone() == (0,)


async def test_a_clients_own_events_tell_what_a_call_took_and_nobody_elses_do(tmp_path: Path) -> None:
    with running(tmp_path / "data") as host:
        async with connect(host.base, "alice") as alice, connect(host.base, "bob") as bob:
            await alice.call("session.open")
            await bob.call("session.open")
            assert b"[DONE]" in await stream(host.base, "alice")
            event = (await alice.next())["params"]
            assert event["type"] == "usage.onDidChange"
            assert event["data"]["model"] == "demo/scripted"
            assert event["data"]["cost"] == 0
            await bob.call("session.ping")
            assert not any(message.get("method") == "event" for message in bob.heard)
