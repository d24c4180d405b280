"""A user's processes and their disk quota: whatever way they write, they are stopped, and go on when it fits again."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from host.app import Host, create_app
from host.config import load
from sessions.context import SessionContext
from sessions.errors import QuotaExceeded
from sessions.sandbox import Sandbox
from sessions.trees import Size
from tests.screens import passable
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP),
    pytest.mark.timeout(120),
]

BYTES = 24 << 20
FILES = 1_000


@pytest.fixture
def house() -> Iterator[Host]:
    """A host with small quotas, not started yet."""
    with passable() as folder:
        environ = {"MULTI_USER": "1", "ROOST_DATA": str(folder / "data"), "ROOST_QUOTAS__BYTES": str(BYTES)}
        yield create_app(load({}, environ | {"ROOST_QUOTAS__FILES": str(FILES)}))


class Person:
    """A user, their sandbox, and what they are told."""

    def __init__(self, session: SessionContext, sandbox: Sandbox, folder: Path) -> None:
        self.session = session
        self.sandbox = sandbox
        self.folder = folder
        self._events = session.mailbox.follow(None)

    async def told(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The next event of this type whose data has these."""
        async with asyncio.timeout(60):
            while True:
                for event in await self._events.read():
                    data: dict[str, Any] = json.loads(event.data_json)
                    if event.type == kind and wanted.items() <= data.items():
                        return data
                await asyncio.sleep(0.02)

    async def run(self, command: str) -> str:
        return (await self.sandbox.run(["bash", "-c", command], timeout=60)).output.decode()

    async def usage(self) -> Size:
        counted = await asyncio.to_thread(self.session.allowance._measure)
        return Size(*counted)


@asynccontextmanager
async def person(host: Host, uid: str) -> AsyncIterator[Person]:
    session = await host.sessions.open(uid)
    undo = session.keep_awake()
    yield Person(session, await session.sandbox(), host.config.data / "users" / uid / "root")
    undo()


FILLERS = {
    "one file after the other": "for n in $(seq 999); do head -c 1M /dev/zero > f$n || exit 9; sleep 0.01; done",
    "files that have no name any more": "exec 3> f; rm f; exec 4> g; rm g; head -c 20M /dev/zero >&3; sleep 2; "
    "for n in $(seq 999); do head -c 1M /dev/zero >&4 || exit 9; sleep 0.1; done",
}


@pytest.mark.parametrize("filler", FILLERS)
async def test_a_shell_that_fills_the_disk_is_stopped_told_and_let_go_on(house: Host, filler: str) -> None:
    async with house as host, person(host, "alice") as alice, person(host, "bob") as bob:
        filling = await alice.sandbox.start(["bash", "-c", FILLERS[filler] + "; sleep 1000"])
        news = await alice.told("session.onDidExceedQuota", exceeded=True)
        assert (news["quota"], news["limit"]) == ("bytes", BYTES) and news["used"] > BYTES
        assert await filling.wait() == 9  # its next write failed: it was not killed, and could say so
        assert "File too large" in await alice.run("echo more > more")
        with pytest.raises(QuotaExceeded):
            await alice.session.files.write("/workspace/x", b"by the API")
        assert await bob.run("head -c 1M /dev/zero > f && echo fine") == "fine\n"
        assert await alice.run("rm -f f f*; echo gone") == "gone\n"
        await alice.told("session.onDidExceedQuota", exceeded=False)
        assert await alice.run("head -c 1M /dev/zero > f && echo fine") == "fine\n"
        assert filling.exit_code == 9


async def test_one_file_is_never_larger_than_the_quota_however_fast_it_is_written(house: Host) -> None:
    async with house as host, person(host, "alice") as alice:
        assert "File too large" in await alice.run("head -c 100M /dev/zero > f")
        assert (await alice.usage()).bytes <= BYTES + 4096


@pytest.mark.parametrize(
    "filler",
    [
        "for n in $(seq 99999); do ulimit -S -f $(ulimit -H -f); head -c 1M /dev/zero > f$n; sleep 0.02; done",
        "for n in $(seq 99999); do : > f$n; fallocate -n -l 1M f$n; sleep 0.02; done",
        "n=0; while :; do n=$((n+1)); mkdir d$n; done",
    ],
    ids=["raises its own limit", "allocates behind the end of files", "makes folders"],
)
async def test_who_gets_around_that_is_ended_and_begins_anew_without_writing(house: Host, filler: str) -> None:
    async with house as host, person(host, "alice") as alice:
        filling = await alice.sandbox.start(["bash", "-c", filler])
        await alice.told("session.onDidExceedQuota", exceeded=True)
        ended = await alice.told("session.onDidEndSandbox")
        assert "quota" in ended["message"]
        assert await filling.wait() is None
        assert "File too large" in await alice.run("echo more > more")
        await alice.run("rm -rf /workspace/*")
        await alice.told("session.onDidExceedQuota", exceeded=False)
        assert await alice.run("echo more > more; cat more") == "more\n"


async def test_folders_that_always_move_hide_nothing(house: Host) -> None:
    """Not even of those who give themselves their limit back: what cannot be counted is closed for good."""
    async with house as host, person(host, "alice") as alice:
        moving = "mkdir -p a/x/y b; while :; do mv a/x b/x; mv b/x a/x; done"
        again = "ulimit -S -f $(ulimit -H -f); "
        filling = f"mkdir -p h; for n in $(seq 9999); do {again} head -c 1M /dev/zero > h/$n || exit 9; sleep 0.1; done"
        processes = [await alice.sandbox.start(["bash", "-c", one]) for one in (moving, filling)]
        await alice.told("session.onDidExceedQuota", exceeded=True)
        assert await processes[1].wait() in (9, None)  # None: ended with the sandbox, or refused just before


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
async def test_a_folder_that_cannot_be_read_closes_the_disk_until_it_can(house: Host) -> None:
    async with house as host, person(host, "alice") as alice:
        sleeper = await alice.sandbox.start(["bash", "-c", "mkdir d; chmod 0 d; while sleep 0.2; do :; done"])
        assert "counted" in (await alice.told("session.onDidExceedQuota", exceeded=True))["message"]
        assert "File too large" in await alice.run("ulimit -S -f 100; echo more > more")
        await alice.run("chmod 700 d")
        await alice.told("session.onDidEndSandbox")
        assert await sleeper.wait() is None
        await alice.run("sleep 2")
        await alice.told("session.onDidExceedQuota", exceeded=False)
        assert await alice.run("echo more > more; cat more") == "more\n"


async def test_an_idle_user_is_not_counted_again_and_again(house: Host) -> None:
    async with house as host, person(host, "alice") as alice:
        counted: list[int] = []
        disk = alice.sandbox._disk
        assert disk is not None
        usage = disk._usage
        disk._usage = lambda enough: counted.append(1) or usage(enough)  # type: ignore[func-returns-value]
        await alice.sandbox.start(["sleep", "1000"])
        holder = await alice.sandbox._start()
        disk._again = disk._due = 0.0
        await disk.watch(holder.inside)
        first = len(counted)
        assert first >= 1
        disk._again = disk._due = 0.0
        await disk.watch(holder.inside)
        assert len(counted) == first
