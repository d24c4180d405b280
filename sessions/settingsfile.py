"""The settings that a folder itself holds, in its `.vscode/settings.json`: read whole, changed with comments kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import orjson

from sessions import jsonc
from sessions.errors import FileSystemError, InvalidValue, Overloaded
from sessions.files import Files
from sessions.memento import ABSENT
from sessions.values import json_of

PLACE = "/.vscode/settings.json"
LARGEST = 512 * 1024
"""Bytes of a settings file; a larger one is not read."""
VALUE_BYTES = 128 << 10
MOST_SETTINGS = 2_000
"""Settings at the top of a file: all are looked through whenever somebody asks for one."""
MOST_WAITING = 64
"""Changes of one file that may wait to be written."""

Start = Callable[[Coroutine[Any, Any, None]], "asyncio.Future[None]"]


class SettingsFile:
    """One target of settings whose home is a file of the user's. Whatever they wrote there counts as it is read.

    A file that cannot be read as settings leaves what it said before; `mistake` says what is wrong with it.
    """

    __slots__ = ("_file", "_identity", "_lock", "_start", "_waiting", "files", "folder", "mistake", "path")

    def __init__(self, files: Files, folder: str, start: Start) -> None:
        self.folder = folder.rstrip("/")
        self.path = self.folder + PLACE
        self.mistake: str | None = None
        """Why what is in the file now does not count, where it does not."""
        self.files = files
        self._start = start
        self._lock: asyncio.Lock | None = None
        self._identity: tuple[int, ...] | None = None
        self._file: dict[str, bytes] = {}
        self._waiting: list[tuple[str, bytes | None]] = []

    def get(self, key: str, default: Any = None) -> Any:
        """Your own copy of a value, or `default`."""
        value = self._now().get(key)
        return default if value is None else orjson.loads(value)

    def keys(self) -> list[str]:
        """The keys as the file has them at its top."""
        return list(self._now())

    def _now(self) -> dict[str, bytes]:
        now = self._file
        for key, value in self._waiting:
            now = {name: one for name, one in now.items() if name != key}
            if value is not None:
                now[key] = value
        return now

    async def load(self) -> frozenset[str]:
        """Read the file if it is another than before; the keys whose values are others now.

        What `update` writes meanwhile is its own to tell of.
        """
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            return await self._load()

    async def _load(self) -> frozenset[str]:
        (identity,) = await self.files.identities([self.path])
        if identity == self._identity:
            return frozenset()
        self._identity = identity
        try:
            self._file, changed = await asyncio.to_thread(_read, await self._text(), self._file)
        except (InvalidValue, FileSystemError) as error:
            self.mistake = str(error)
            return frozenset()
        self.mistake = None
        return changed

    def update(self, key: str, value: object = ABSENT) -> asyncio.Future[None]:
        """As `Memento.update`. The future raises `InvalidValue` where the file holds what is no settings."""
        text = None if value is ABSENT else json_of("value", value, VALUE_BYTES, of=f"of '{key}' ")
        if len(self._waiting) >= MOST_WAITING:
            raise Overloaded(f"{MOST_WAITING} changes of {self.path} wait to be written already", 1_000)
        waiting = (key, text)
        self._waiting.append(waiting)
        return self._start(self._write(waiting))

    async def _write(self, waiting: tuple[str, bytes | None]) -> None:
        key, value = waiting
        self._lock = self._lock or asyncio.Lock()
        try:
            async with self._lock:
                text = await self._text()
                new = await asyncio.to_thread(_edited, text, key, value)
                if new != text:
                    file, _ = await asyncio.to_thread(_read, new, {})
                    await self.files.write(self.path, new.encode())
                    self._file, self.mistake = file, None
        finally:
            self._waiting.remove(waiting)

    async def _text(self) -> str:
        try:
            return (await self.files.read(self.path, LARGEST)).decode()
        except UnicodeDecodeError:
            raise InvalidValue("settings", f"of {self.path} must be UTF-8; save it as UTF-8") from None
        except FileSystemError as error:
            if error.code == "FileNotFound":
                return ""
            raise


def _read(text: str, before: dict[str, bytes]) -> tuple[dict[str, bytes], frozenset[str]]:
    """What a file says, and what of it is not as before. It takes long where there is much: call it in a thread."""
    found = jsonc.parse(text)
    if len(found) > MOST_SETTINGS:
        raise InvalidValue("settings", f"must be at most {MOST_SETTINGS}, and these are {len(found)}; remove some")
    after = {key: orjson.dumps(value) for key, value in found.items()}
    return after, _changed(before, after)


def _edited(text: str, key: str, value: bytes | None) -> str:
    return jsonc.remove(text, key) if value is None else jsonc.put(text, key, orjson.loads(value))


def _changed(before: dict[str, bytes], after: dict[str, bytes]) -> frozenset[str]:
    """Keys whose values are others now; of what is said for a language as `[python].editor.tabSize`."""
    found: set[str] = set()
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        if old != new:
            found |= _inside(key, old, new) if key.startswith("[") else {key}
    return frozenset(found)


def _inside(block: str, before: bytes | None, after: bytes | None) -> set[str]:
    old, new = (orjson.loads(one or b"{}") for one in (before, after))
    if not isinstance(old, dict) or not isinstance(new, dict):
        return {block}
    return {f"{block}.{key}" for key in {**old, **new} if old.get(key) != new.get(key) or (key in old) != (key in new)}
