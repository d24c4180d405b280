"""Walk: a client is told of files, whoever changes them, and only of its own user's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Client, Refused, connect

pytestmark = pytest.mark.anyio


async def changes(client: Client, *wanted: tuple[str, int]) -> list[dict[str, Any]]:
    """The events of watches until all that is wanted was told."""
    events, left = [], set(wanted)
    while left:
        event = (await client.next())["params"]
        if event["type"] == "workspace.onDidChangeFiles":
            events.append(event["data"])
            left -= {(change["uri"], change["type"]) for change in event["data"]["changes"]}
    return events


async def test_a_client_is_told_of_its_users_files(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as one, connect(base, bob) as other:
        for client in (one, other):
            await client.call("session.open")
        mine = (await one.call("workspace.watch", glob="**/*.py"))["watchId"]
        await other.call("workspace.watch", glob="**")
        await one.call("workspace.fs.writeFile", uri="/workspace/a b/x.py", content="1")
        await one.call("workspace.fs.writeFile", uri="/workspace/a.txt", content="1")
        (first, *_) = await changes(one, ("file:///workspace/a%20b/x.py", 2))
        assert first["watchId"] == mine
        await one.call("workspace.fs.writeFile", uri="/workspace/a b/x.py", content="2")
        await changes(one, ("file:///workspace/a%20b/x.py", 1))
        await one.call("workspace.fs.delete", uri="/workspace/a b/x.py")
        await changes(one, ("file:///workspace/a%20b/x.py", 3))
        with pytest.raises(Refused, match="no such watch"):
            await other.call("workspace.unwatch", watchId=mine)
        await other.call("workspace.fs.writeFile", uri="/workspace/bobs.py", content="1")
        await changes(other, ("file:///workspace/bobs.py", 2))
        assert "bobs" not in str(one.heard)
        assert "x.py" not in str(other.heard)
        await one.call("workspace.unwatch", watchId=mine)
        with pytest.raises(Refused, match="no such watch"):
            await one.call("workspace.unwatch", watchId=mine)


async def test_a_client_that_comes_back_hears_what_it_missed(base: str, alice: str) -> None:
    async with connect(base, alice) as one:
        await one.call("session.open")
        await one.call("workspace.watch", glob="missed.*")
        seq = (await one.call("session.open"))["seq"]
    async with connect(base, alice) as other:
        await other.call("workspace.fs.writeFile", uri="/workspace/missed.txt", content="1")
        await other.call("session.open", after=seq)
        await changes(other, ("file:///workspace/missed.txt", 2))


@pytest.mark.parametrize("glob", ["", "a\0", "x" * 1_000_000, "{a,b}" * 20, 5])
async def test_what_is_no_glob_is_refused(base: str, alice: str, glob: Any) -> None:
    async with connect(base, alice) as one:
        with pytest.raises(Refused, match="glob") as caught:
            await one.call("workspace.watch", glob=glob)
        assert caught.value.code == -32602
