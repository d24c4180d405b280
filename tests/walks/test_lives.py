"""A host's lives: killed, drained, started twice on one folder, and sessions that sleep and wake."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.client import DEFAULTS, ROOT, Client, connect, running

pytestmark = pytest.mark.anyio


async def _write_on(client: Client, acknowledged: dict[str, Any]) -> None:
    """State and files, with new values each time, until the connection is cut."""
    number = 0
    try:
        while True:
            number += 1
            await client.call("state.update", scope="global", key=f"k{number % 7}", value=number)
            acknowledged[f"k{number % 7}"] = number
            text = f"{number}\n" * 2_000
            await client.call("workspace.fs.writeFile", uri="/workspace/a.txt", content=text)
            acknowledged["file"] = text
    except ConnectionError:
        pass


async def test_nothing_that_was_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(4):
        kept: dict[str, dict[str, Any]] = {uid: {} for uid in ("ada", "grace")}
        with running(tmp_path / "data") as host:
            async with (
                connect(host.base, "ada") as ada,
                connect(host.base, "grace") as grace,
                asyncio.TaskGroup() as group,
            ):
                for client in (ada, grace):
                    group.create_task(_write_on(client, kept[client.uid]))
                await asyncio.sleep(0.2 + chance.random() * 0.3)
                host.send(signal.SIGKILL)
        with running(tmp_path / "data") as host:
            for uid, acknowledged in kept.items():
                async with connect(host.base, uid) as client:
                    await _same_or_newer(client, acknowledged)
            assert await host.stop() == 0


async def _same_or_newer(client: Client, acknowledged: dict[str, Any]) -> None:
    """What is kept is what was acknowledged last, or the one update that was on its way."""
    text = (await client.call("workspace.fs.readFile", uri="/workspace/a.txt"))["content"]
    lines = set(text.split())
    assert len(lines) == 1, "a half-written file"
    assert text.count("\n") == 2_000
    assert int(lines.pop()) >= int(acknowledged.pop("file").split()[0])
    for key, value in acknowledged.items():
        assert await client.call("state.get", scope="global", key=key) >= value
    entries = await client.call("workspace.fs.readDirectory", uri="/workspace")
    assert entries == [["a.txt", 1]]


async def test_sigterm_tells_every_client_keeps_their_data_and_exits_with_0(tmp_path: Path) -> None:
    with running(tmp_path / "data") as host:
        async with asyncio.timeout(30):
            clients = [connect(host.base, f"user{number}") for number in range(50)]
            opened = [await one.__aenter__() for one in clients]
            await asyncio.gather(*(one.call("session.open") for one in opened))
            await asyncio.gather(*(one.call("state.update", scope="global", key="k", value=one.uid) for one in opened))
            assert await host.stop() == 0
            assert {await one.closed() for one in opened} == {1012}
            for one in clients:
                await one.__aexit__(None, None, None)
    with running(tmp_path / "data") as host:
        async with connect(host.base, "user17") as client:
            assert await client.call("state.get", scope="global", key="k") == "user17"


async def test_a_second_host_on_the_same_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    with running(tmp_path / "data"):
        command = [sys.executable, "-m", "host", "--port", "0", "--data", str(tmp_path / "data")]
        ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30, cwd=ROOT)
    assert ended.returncode == 2
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert "data" in line


async def test_of_two_hosts_that_start_at_once_on_one_folder_one_serves_and_one_says_who_has_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "host", "--port", "0", "--data", str(tmp_path / "data")]
    told = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    hosts = [
        await asyncio.create_subprocess_exec(*command, cwd=ROOT, env={**os.environ, **DEFAULTS}, **told)
        for _ in range(2)
    ]
    try:
        async with asyncio.timeout(30):
            lines = [(await one.stdout.readline()).decode() for one in hosts if one.stdout]
            (base,) = (line.split()[-1] for line in lines if line)
            serves, refused = hosts if lines[0] else reversed(hosts)
            _, said = await refused.communicate()
            assert (refused.returncode, said.count(b"\n")) == (2, 1)
            assert b"another host" in said
            async with connect(base, "ada") as client:
                await client.call("state.update", scope="global", key="k", value=1)
            serves.terminate()
            assert await serves.wait() == 0
    finally:
        for one in hosts:
            if one.returncode is None:
                one.kill()
                await one.communicate()


async def test_a_session_sleeps_when_nobody_is_there_and_wakes_with_what_was_stored(tmp_path: Path) -> None:
    with running(tmp_path / "data", ROOST_SESSIONS__SLEEP_AFTER_S="0.5") as host:
        async with connect(host.base, "ada") as client:
            first = await client.call("session.open")
            await client.call("state.update", scope="workspace", key="k", value=[1, None, "x"])
            await client.call("secrets.store", key="s", value="hidden")
            assert await client.call("commands.executeCommand", command="hello.remember", arguments=["it"]) is None
        await _until_asleep(host.base)
        async with connect(host.base, "ada") as client:
            second = await client.call("session.open", after=first["seq"])
            assert second["sessionId"] != first["sessionId"]
            assert second["resumed"] is True
            assert await client.call("state.get", scope="workspace", key="k") == [1, None, "x"]
            assert await client.call("secrets.keys") == ["s"]
            assert await client.call("commands.executeCommand", command="hello.recall") == "it"


async def _until_asleep(base: str) -> None:
    async with asyncio.timeout(20):
        while "roost_sessions 0.0" not in (await fetch(f"{base}/metrics")).decode():  # noqa: ASYNC110  nothing tells
            await asyncio.sleep(0.1)


async def fetch(url: str) -> bytes:
    """A page, by the standard library in a thread."""
    from urllib.request import urlopen

    def get() -> bytes:
        with urlopen(url, timeout=10) as answer:
            return bytes(answer.read())

    return await asyncio.to_thread(get)


async def test_single_user_mode_works_on_the_machines_own_files(tmp_path: Path) -> None:
    workspace = tmp_path / "project"
    workspace.mkdir()
    (workspace / "a.txt").write_text("mine")
    with running(tmp_path / "data", "--workspace", str(workspace), MULTI_USER="0") as host:
        async with connect(host.base, None) as client:
            opened = await client.call("session.open")
            assert opened["uid"] == "local"
            assert opened["workspaceFolders"] == [{"uri": workspace.as_uri(), "name": "project"}]
            content = await client.call("workspace.fs.readFile", uri=f"{workspace}/a.txt")
            assert content["content"] == "mine"
            await client.send(json.dumps({"jsonrpc": "2.0", "id": "bare", "method": "session.ping"}))
            assert (await client.next_answer("bare"))["uid"] == "local"
            assert (await client.ask("session.ping", uid="ada"))["error"]["code"] == -32003
        async with connect(host.base, "ada") as client:
            assert await client.closed() == 4403
