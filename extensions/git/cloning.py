"""Cloning: where to, and how far it is. `Progress` is pure; `clone` runs git, and leaves nothing of what it gave up."""

from __future__ import annotations

import re
from contextlib import suppress
from types import MappingProxyType

import shim as vscode
from extensions.git.program import Git
from extensions.git.signing import Signing

SECONDS = 3_600.0
KEPT = 64 << 10
LONGEST = 2_048
TAKEN = "already exists and is not an empty directory"
STEP = re.compile(rb"(?:remote: )?([A-Z][A-Za-z ]+): +(\d+)% \((\d+)/(\d+)\)(?:, ([^|\r\n]+?) \| ([^\r\n,]+))?")

PARTS = MappingProxyType({
    "Counting objects": (0, 5), "Compressing objects": (5, 10), "Receiving objects": (10, 80),
    "Resolving deltas": (80, 95), "Updating files": (95, 100), "Filtering content": (95, 100),
})  # fmt: skip
"""Where of the whole each part of a clone begins and ends, in percent."""


class Progress:
    """Reads what `git clone --progress` says, piece by piece."""

    __slots__ = ("_rest", "percent")

    def __init__(self) -> None:
        self._rest = b""
        self.percent = 0.0

    def read(self, piece: bytes) -> str | None:
        """Take in more; what is being done now, or None where that is not said. `percent` never goes back."""
        *whole, self._rest = re.split(rb"[\r\n]", self._rest + piece)
        self._rest = self._rest[-1_000:]
        found = [step for line in whole if (step := STEP.match(line))]
        if not found:
            return None
        name, part, done, of, size, speed = ((each or b"").decode(errors="replace") for each in found[-1].groups())
        begin, end = PARTS.get(name, (0, 0))
        self.percent = max(self.percent, begin + (end - begin) * min(100, int(part)) / 100)
        return f"{name}: {part}% ({done}/{of}){f', {size} at {speed}' if size else ''}"


def folder_of(url: str) -> str:
    """The folder that a repository is cloned to: the last name of its address. Raises `ValueError` without one."""
    name = re.split(r"[/\\:]", url.strip().rstrip("/").removesuffix("/.git"))[-1].removesuffix(".git")
    if not name or name in (".", "..") or name.startswith("-"):
        raise ValueError(f"url: {url[:100]!r} names no repository; it ends like /project.git")
    return name


def checked(url: str) -> str:
    """An address that git may be given. Raises `ValueError` with the rule."""
    url = url.strip()
    if not url or url.startswith("-") or len(url) > LONGEST or re.search(r"[\s\0]", url):
        raise ValueError(f"url: an address of 1 to {LONGEST} characters without blanks that begins with no '-'")
    if "::" in url.partition("/")[0]:
        raise ValueError("url: helpers such as ext:: are not started; use https, ssh or a path")
    return url


async def clone(
    git: Git,
    url: str,
    name: str,
    shown: vscode.window.Progress,
    token: vscode.CancellationToken,
    signing: Signing | None = None,
) -> None:
    """Clone into a new folder `name` of git's. Raises `GitError`, and `CancellationError` once it is not wanted."""
    progress, told = Progress(), 0.0

    def heard(piece: bytes) -> None:
        nonlocal told
        words = progress.read(piece)
        if words is not None:
            shown.report(words, progress.percent - told)
            told = progress.percent

    try:
        words = ("clone", "--progress", "--", url, name)
        asking = signing or Signing()
        await asking.run(git, *words, seconds=SECONDS, keep=KEPT, on_output=heard, token=token)
    except BaseException as error:
        if TAKEN in getattr(error, "said", ""):
            raise  # somebody else has made that folder meanwhile: it is not of this clone
        with suppress(vscode.FileSystemError):  # git removes it itself, where it can
            await vscode.workspace.fs.delete(vscode.Uri.join_path(git.folder, name), recursive=True)
        raise
