"""What the extension knows. Globals, a singleton and a cache: there is one user, so why not."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import shim as vscode


class Reminder(NamedTuple):
    """One of them: in which file, on which line (from zero), and what it says."""

    path: str
    line: int
    text: str


reminders: dict[str, list[Reminder]] = {}
scans = 0
context: vscode.ExtensionContext | None = None


class Index:
    """The one index of words to files."""

    _instance: Index | None = None
    words: dict[str, set[str]] = {}  # noqa: RUF012  as people write it

    @classmethod
    def instance(cls) -> Index:
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance

    def put(self, path: str, found: list[Reminder]) -> None:
        for paths in self.words.values():
            paths.discard(path)
        for one in found:
            for word in one.text.split():
                self.words.setdefault(word, set()).add(path)


@cache
def cached_title(path: str) -> str:
    """How a file is called in the list; costly, as one pretends, and therefore cached."""
    return f"{vscode.workspace.name}: {vscode.workspace.as_relative_path(path)}"


def everything() -> list[Reminder]:
    return [one for path in sorted(reminders) for one in reminders[path]]
