"""A host that has no descriptor left: it lives, says so, and works again once some are free."""

from __future__ import annotations

import asyncio
import resource
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets.exceptions import InvalidHandshake

from tests.client import Refused, connect, running
from tests.faults.kinds import KEYS, KINDS, none_is_lost, put_on
from tests.sirens import planted

pytestmark = pytest.mark.anyio


async def test_a_host_without_descriptors_does_not_end_and_works_again_when_some_are_free(tmp_path: Path) -> None:
    with running(tmp_path / "data") as host:
        async with connect(host.base, "first") as first:
            await first.call("state.update", scope="global", key="k", value=1)
            limit = len(list(Path(f"/proc/{host.process.pid}/fd").iterdir())) + 20
            resource.prlimit(host.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
            async with AsyncExitStack() as stack:
                refused = 0
                for number in range(60):
                    try:
                        async with asyncio.timeout(1):
                            await stack.enter_async_context(connect(host.base, f"user{number}"))
                    except (OSError, TimeoutError, EOFError, InvalidHandshake):
                        refused += 1
                        if refused > 2:
                            break
                assert refused
                assert host.process.poll() is None
                assert isinstance((await first.call("session.ping"))["time"], int | float | str)
            began = time.monotonic()
            while True:
                try:
                    async with asyncio.timeout(5), connect(host.base, "later") as later:
                        await later.call("workspace.fs.writeFile", uri="/workspace/a", content="x")
                        break
                except (OSError, TimeoutError, EOFError, InvalidHandshake):
                    assert time.monotonic() - began < 5, "it does not work again"
                    await asyncio.sleep(0.1)
            assert await first.call("state.get", scope="global", key="k") == 1
        assert await host.stop() == 0


OVER_HTTP = {"uploads", "providers", "tasks"}
"""Kinds whose every write is a new connection: a host without descriptors cannot even refuse that."""


@pytest.mark.faults
async def test_without_descriptors_no_kind_of_write_is_acknowledged_and_lost(tmp_path: Path) -> None:
    kept: dict[str, dict[str, int]] = {name: {} for name in KINDS.keys() - OVER_HTTP}
    refusals: dict[str, Refused] = {}
    with running(tmp_path / "data", **planted(tmp_path / "extensions")) as host:
        async with AsyncExitStack() as stack:
            people = {name: await stack.enter_async_context(connect(host.base, name)) for name in kept}
            for name, client in people.items():
                assert await put_on(client, KINDS[name], kept[name], KEYS + 1) is None
            await asyncio.sleep(3)  # files that nobody uses are closed after two
            for more in (0, 4, 8):
                used = len(list(Path(f"/proc/{host.process.pid}/fd").iterdir()))
                resource.prlimit(host.process.pid, resource.RLIMIT_NOFILE, (used + more, 4_096))
                for name, client in people.items():
                    refusal = await put_on(client, KINDS[name], kept[name], KEYS)
                    if refusal is not None:
                        refusals.setdefault(name, refusal)
            assert refusals, "there were descriptors"
            assert not [str(one) for one in refusals.values() if "too many files are open" not in one.message]
            resource.prlimit(host.process.pid, resource.RLIMIT_NOFILE, (4_096, 4_096))
            for name, client in people.items():
                assert await put_on(client, KINDS[name], kept[name], KEYS) is None
        await none_is_lost(host.base, kept)
        assert await host.stop() == 0
