"""`files.associations`: the languages that a user's settings have for their files, looked up beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from sessions.errors import InvalidValue
from sessions.globs import Glob
from shim.configuration import Configurations

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from shim.uri import Uri

MOST = 200
"""Patterns that count; those after them are left out."""

LARGEST, LARGEST_ALL = 2_000, 100_000
"""Characters of a pattern, and of all of them, once they are regular expressions: looking for one holds everybody."""

LONGEST_PATH = 1_024
"""Characters of a path for which patterns with a slash count."""


class Pattern(NamedTuple):
    """What it looks like in the setting, and the language of the files that it fits."""

    text: str
    glob: Glob
    language: str


class Associations:
    """What one user's settings say, made ready when it is needed and kept until the settings change."""

    __slots__ = ("_patterns", "_session", "_setting", "_undo")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._setting: object = None
        self._patterns: list[Pattern] | None = None
        with session.entered():
            self._undo = session.get(Configurations).changed.event(lambda _: self._forget())

    def close(self) -> None:
        """The session ends."""
        self._undo.dispose()

    def _forget(self) -> None:
        self._patterns = self._setting = None

    async def of(self, uri: Uri) -> str | None:
        """The language of a file: of the longest pattern that fits, and of two the last, as in VS Code."""
        if self._setting is None:
            self._setting = self._session.settings.get("files.associations", {})
        if not isinstance(setting := self._setting, Mapping) or not setting:
            return None
        if (patterns := self._patterns) is None:
            patterns = await asyncio.to_thread(lambda: list(_ready(setting)))
            if self._setting is setting:
                self._patterns = patterns
        return await asyncio.to_thread(associated, uri.path, patterns) if patterns else None


def associated(path: str, patterns: list[Pattern]) -> str | None:
    """The language that patterns have for a file. One with a slash is of the whole path, another one of the name.

    Letters may be large or small.
    """
    path = path.rstrip("/").lower()
    name = path.rpartition("/")[2]
    fits = [
        one
        for one in patterns
        if (one.glob.fullmatch(name) if "/" not in one.text else len(path) <= LONGEST_PATH and one.glob.fullmatch(path))
    ]
    return max(reversed(fits), key=lambda one: len(one.text)).language if fits else None


def _ready(setting: Mapping[str, object]) -> Iterator[Pattern]:
    """The patterns that count."""
    left = LARGEST_ALL
    for text, language in list(setting.items())[:MOST]:
        try:
            glob = Glob(text.lower())
        except InvalidValue:
            continue
        left -= (size := len(glob.ready().pattern))
        if left < 0:
            break
        if size <= LARGEST and isinstance(language, str):
            yield Pattern(text, glob, language)
