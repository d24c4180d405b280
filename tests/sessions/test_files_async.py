"""What a session holds of its user's files: coroutines that never block the loop, bounded, and honest about a cache."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from sessions.errors import FileSystemError
from sessions.files import AT_ONCE, Files
from sessions.openat2 import Resolve
from sessions.root import Root
from tests.sessions.roots import Ledger, OverQuota, folder, left_over, refused, resolve, root

__all__ = ["folder", "resolve", "root"]

pytestmark = pytest.mark.anyio


class Shelf:
    """A cache that keeps everything and tells how often it helped."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self.hits = 0

    def get(self, owner: str, identity: tuple[int, ...]) -> bytes | None:
        content = self.kept.get((owner, identity))
        self.hits += content is not None
        return content

    def forget(self, owner: str) -> None:
        """Not asked here."""

    def put(self, owner: str, identity: tuple[int, ...], content: bytes) -> None:
        self.kept[owner, identity] = content


class Held:
    """A resolver that stops in its thread until it is let go."""

    def __init__(self, resolve: Resolve) -> None:
        self.resolve = resolve
        self.go_on = threading.Event()
        self.running = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, fd: int, path: bytes, flags: int) -> int:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.go_on.wait(20)
        with self.lock:
            self.running -= 1
        return self.resolve(fd, path, flags)


async def opened(folder: Path, resolve: Resolve) -> Root:
    return await asyncio.to_thread(lambda: Root(folder, resolve=resolve))


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110  what is waited for happens in a thread
            await anyio.sleep(0.001)


async def test_every_operation_works_from_a_coroutine(root: Root) -> None:
    files = Files(root)
    await files.write("/workspace/a", b"1")
    await files.create_directory("/workspace/d")
    await files.copy("/workspace/a", "/workspace/d/b")
    await files.rename("/workspace/d/b", "/workspace/d/c")
    assert await files.read("/workspace/d/c") == b"1"
    assert (await files.stat("/workspace/d")).type == 2
    assert await files.read_directory("/workspace") == [("a", 1), ("d", 2)]
    assert await files.usage("/workspace") == (2, 3)
    await files.delete("/workspace/d", recursive=True)
    with refused("FileNotFound"):
        await files.read("/workspace/d/c")


async def test_walking_stops_at_the_limit(root: Root) -> None:
    files = Files(root)
    for number in range(5):
        await files.write(f"/workspace/{number}", b"")
    found, more = await files.walk("/workspace", 3)
    assert (len(found), more) == (3, True)
    found, more = await files.walk("/workspace", 5)
    assert (len(found), more) == (5, False)


async def test_a_file_of_any_size_streams_in_and_out(root: Root) -> None:
    files = Files(root, largest=10)
    async with files.replace("/workspace/big") as writing:
        for _ in range(3):
            await writing.write(b"x" * 10)
    with refused("Unavailable"):
        await files.read("/workspace/big")
    async with await files.open("/workspace/big") as file:
        assert file.size == 30
        assert await file.read(25, 10) == b"x" * 5
        assert await file.read(30) == b""
    with pytest.raises(ZeroDivisionError):
        async with files.replace("/workspace/big") as writing:
            await writing.write(b"y")
            raise ZeroDivisionError
    assert (await files.stat("/workspace/big")).size == 30


async def test_a_streamed_file_over_quota_leaves_nothing(root: Root, folder: Path) -> None:
    ledger = Ledger(15)
    files = Files(root, meter=ledger)
    with pytest.raises(OverQuota):
        async with files.replace("/workspace/big") as writing:
            await writing.write(b"x" * 10)
            await writing.write(b"x" * 10)
    assert await files.read_directory("/workspace") == []
    assert (ledger.bytes, ledger.files) == (0, 0)
    assert left_over(folder) == []


async def test_one_user_has_four_threads_at_most_also_when_calls_are_cancelled(folder: Path, resolve: Resolve) -> None:
    held = Held(resolve)
    files = Files(await opened(folder, held))
    await asyncio.to_thread((folder / "workspace/f").write_bytes, b"1")
    async with anyio.create_task_group() as group:
        for _ in range(3):
            async with anyio.create_task_group() as cancelled:
                for _ in range(10):
                    cancelled.start_soon(files.read, "/workspace/f")
                await until(lambda: held.running == AT_ONCE)
                cancelled.cancel_scope.cancel()
        for _ in range(10):
            group.start_soon(files.read, "/workspace/f")
        await anyio.wait_all_tasks_blocked()
        held.go_on.set()
    assert held.most == AT_ONCE
    assert await files.read("/workspace/f") == b"1"
    await until(lambda: held.running == 0)


async def test_a_cancelled_write_that_began_ends_and_one_that_waits_never_begins(
    folder: Path, resolve: Resolve
) -> None:
    held = Held(resolve)
    files = Files(await opened(folder, held))
    async with anyio.create_task_group() as group:
        for number in range(AT_ONCE + 3):
            group.start_soon(files.write, f"/workspace/{number}", b"whole")
        await until(lambda: held.running == AT_ONCE)
        group.cancel_scope.cancel()
    held.go_on.set()
    names = [f"{number}" for number in range(AT_ONCE)]
    await until(lambda: sorted(os.listdir(folder / "workspace")) == names)
    assert {(folder / "workspace" / name).read_bytes() for name in os.listdir(folder / "workspace")} == {b"whole"}
    assert [name for name, _ in await files.read_directory("/workspace")] == names


async def test_a_cancelled_upload_leaves_nothing(root: Root, folder: Path) -> None:
    ledger = Ledger()
    files = Files(root, meter=ledger)
    with anyio.move_on_after(10) as scope:
        async with files.replace("/workspace/f") as writing:
            await writing.write(b"half")
            scope.cancel()
            await anyio.sleep_forever()
    await until(lambda: not left_over(folder))
    assert await files.read_directory("/workspace") == []
    await until(lambda: (ledger.bytes, ledger.files) == (0, 0))


async def test_the_cache_answers_for_an_old_file_and_never_for_a_changed_one(
    root: Root, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf, path = Shelf(), folder / "workspace/f"
    files = Files(root, "alice", cache=shelf)
    await files.write("/workspace/f", b"one")
    assert await files.read("/workspace/f") == b"one"
    assert shelf.kept == {}, "a file of this very moment may change again within one tick of its clock"
    later = 3_000_000_000
    monkeypatch.setattr("sessions.files.time.time_ns", lambda: path.stat().st_ctime_ns + later)
    for _ in range(3):
        assert await files.read("/workspace/f") == b"one"
    assert shelf.hits == 2
    for content in (b"two", b"six"):
        path.write_bytes(content)
        assert await files.read("/workspace/f") == content
        await files.write("/workspace/f", content.upper())
        assert await files.read("/workspace/f") == content.upper()
    os.utime(path, ns=(1, 1))
    assert await files.read("/workspace/f") == b"SIX"
    path.write_bytes(b"new")
    os.utime(path, ns=(1, 1))
    assert await files.read("/workspace/f") == b"new", "a time that was set back hides nothing: ctime tells"
    assert {owner for owner, _ in shelf.kept} == {"alice"}


async def test_the_cache_is_asked_only_after_the_user_opened_the_file(
    root: Root, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    files = Files(root, "alice", cache=shelf)
    await files.write("/workspace/f", b"x" * 20)
    monkeypatch.setattr("sessions.files.time.time_ns", lambda: 1 << 62)
    assert len(await files.read("/workspace/f")) == 20
    with refused("Unavailable"):
        await files.read("/workspace/f", 19)
    (folder / "workspace/f").rename(folder / "workspace/g")
    with pytest.raises(FileSystemError):
        await files.read("/workspace/f")


async def test_two_users_with_the_same_names_have_their_own(tmp_path: Path, resolve: Resolve) -> None:
    shelf = Shelf()
    users = {
        uid: Files(await opened(tmp_path / uid / "root", resolve), uid, cache=shelf) for uid in ("alice", "alice2")
    }
    for uid, files in users.items():
        await files.write("/workspace/same", uid.encode())
    for uid, files in users.items():
        assert await files.read("/workspace/same") == uid.encode()
        assert await files.read_directory("/workspace") == [("same", 1)]
        for path in ("/../alice2/root/workspace/same", "/../../alice/root/workspace/same", f"{tmp_path}/alice/root"):
            with refused("FileNotFound"):
                await files.read(path)


async def test_a_change_waits_for_all_who_have_just_begun_to_watch(root: Root) -> None:
    files, loop = Files(root), asyncio.get_running_loop()
    first, second, third = (loop.create_future() for _ in range(3))
    files.wait_for(first)
    files.wait_for(second)
    change = asyncio.ensure_future(files.write("/workspace/a.txt", b""))
    second.set_result(None)
    await asyncio.sleep(0.01)
    files.wait_for(third)
    first.set_result(None)
    await asyncio.sleep(0.01)
    assert not change.done()
    with pytest.raises(FileSystemError, match="nothing here"):
        await files.stat("/workspace/a.txt")
    third.set_result(None)
    await change
