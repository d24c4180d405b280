"""What extensions keep beside a user's world: folders that none of the user's processes see, and commands in them.

Each place is a folder of its own and has a sandbox of its own, which sees that folder, the user's workspace and the
system, and has no network. What is kept counts as the user's.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from sessions.errors import InvalidValue, SessionClosed
from sessions.jail import World
from sessions.output import KEPT_BYTES, Finished
from sessions.quotas import Allowance
from sessions.root import Root
from sessions.sandbox import Sandbox
from sessions.trees import Descent, Size, measure

INSIDE = "/backstage"
"""Where the commands of a place find it, where they have mounts of their own."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
AT_ONCE = 8
"""Places of a user whose sandboxes are kept; one that is not used ends by itself soon."""

Make = Callable[[Path], Awaitable[Sandbox]]
"""The sandbox of a place that is `folder/files`; `folder/run` is for the pipes of its commands."""


class Place:
    """One folder backstage. What runs in it sees nothing else but the workspace, which it may change."""

    __slots__ = ("_allowance", "_folder", "_sandbox")

    def __init__(self, folder: Path, sandbox: Sandbox, allowance: Allowance) -> None:
        self._folder = folder
        self._sandbox = sandbox
        self._allowance = allowance

    @property
    def path(self) -> str:
        """What its commands call the folder."""
        return INSIDE if self._sandbox.level.form == "bubblewrap" else str(self._folder / "files")

    @property
    def workspace(self) -> str:
        """What its commands call the workspace."""
        return self._sandbox.world.cwd

    def reserve(self, more_bytes: int) -> None:
        """Make sure that so much more may be kept. Raises `QuotaExceeded`. Blocks: call it in a thread."""
        self._allowance.reserve(more_bytes, 0)

    async def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        stdin: bytes = b"",
        timeout: float | None = None,
        keep: int = KEPT_BYTES,
    ) -> Finished:
        """Run a command in the workspace, with nothing of the user's settings; see `Sandbox.run`."""
        own = {"HOME": self.path, "TMPDIR": self.path}
        return await self._sandbox.run(argv, env=own | dict(env), stdin=stdin, timeout=timeout, keep=keep)

    async def close(self) -> None:
        """End what runs in it."""
        await self._sandbox.close()


class Backstage:
    """One user's places; `folder` is beside their world, where no path of theirs leads."""

    __slots__ = ("_allowance", "_closed", "_folder", "_lock", "_make", "_places")

    def __init__(self, folder: Path, make: Make, allowance: Allowance) -> None:
        self._folder = folder
        self._make = make
        self._allowance = allowance
        self._places: dict[Path, Place] = {}
        self._lock = asyncio.Lock()
        self._closed = False

    async def open(self, extension: str, name: str) -> Place:
        """The place of that name of an extension, made if need be. Raises `SandboxUnavailable`."""
        folder = self._path(extension, name)
        async with self._lock:
            if self._closed:
                raise SessionClosed("the session has ended, so nothing can be started in it; connect again")
            place = self._places.pop(folder, None)
            if place is None:
                place = Place(folder, await self._make(folder), self._allowance)
            self._places[folder] = place
            while len(self._places) > AT_ONCE:
                await self._places.pop(next(iter(self._places))).close()
            return place

    async def remove(self, extension: str, name: str) -> None:
        """Remove the place with all that is in it; one that is not there is fine."""
        folder = self._path(extension, name)
        async with self._lock:
            place = self._places.pop(folder, None)
            if place is not None:
                await place.close()
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def close(self) -> None:
        """End what runs in all of them, for good."""
        self._closed = True
        async with self._lock:
            for place in self._places.values():
                await place.close()
            self._places.clear()

    def _path(self, extension: str, name: str) -> Path:
        for field, value in (("extension", extension), ("name", name)):
            if not NAME.fullmatch(value):
                raise InvalidValue(field, "must be 1 to 128 letters, digits, dots, - and _, and begin with no sign")
        return self._folder / extension / name


def prepare(folder: Path, owner: int | None) -> None:
    """Make the folders of a place; its files are for `owner`, the OS uid of the user's processes. Blocks."""
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    (folder / "run").mkdir(mode=0o711, exist_ok=True)
    files = folder / "files"
    files.mkdir(mode=0o700, exist_ok=True)
    if owner is not None:
        os.chown(files, owner, owner, follow_symlinks=False)


def world(uid: str, folder: Path, workspace: str, owner: int | None) -> World:
    """What the commands of a place see, where they have mounts of their own; `workspace` is the real folder."""
    folders = {"/workspace": Path(workspace), INSIDE: folder / "files"}
    return World(uid, folders, folder / "run", owner, home=INSIDE)


def usage(root: Root, folder: Path, enough: Size | None = None) -> Size:
    """What a user has on disk: their world, and what is kept for them in `folder`."""
    size = root.usage("/", enough)
    with suppress(FileNotFoundError), Descent(-1, os.fsencode(folder)) as at:
        more = measure(at, lambda entry: True, enough=enough)
        size = Size(size.bytes + more.bytes, size.files + more.files)
    return size
