"""What a command's words and folders mean in the task's workspace. Nothing is run here."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import shim as vscode
from extensions.coder import files
from extensions.coder.access import READERS, inside
from extensions.coder.doors import LOOKS
from extensions.coder.launchers import WRAPPERS
from extensions.coder.nested import Nested
from extensions.coder.syntax import Command
from extensions.coder.targets import protected, targets
from extensions.coder.tool import Action, ToolError, Use
from shim.proposed import paths, places

SHOWING = frozenset({"show", "diff", "grep", "blame", "annotate", "log", "cat-file", "whatchanged", "archive"})
"""Subcommands of git that show what is in the files they are given."""

MOST = 1_000
"""Paths of one line that are looked up on the disk."""


@dataclass(slots=True)
class Named:
    """What the words of a line name: absolute paths, with `..` as it is written: links may stand before it."""

    writes: list[str] = field(default_factory=list)
    reads: list[list[str]] = field(default_factory=list)
    """Those of each program that shows files, behind its name."""
    folders: list[str | None] = field(default_factory=list)
    """In which it does what depends on the folder; None where only the shell will know it."""


async def folder_of(use: Use, given: str | None) -> str:
    """The folder that a command is to run in, absolute. Raises `ToolError` where there is none."""
    place = posixpath.normpath(posixpath.join(use.cwd, given or "."))
    try:
        stat = await vscode.workspace.fs.stat(vscode.Uri.file(place))
    except vscode.FileSystemError:
        raise ToolError(f"cwd: the folder '{place}' does not exist; leave cwd out for '{use.cwd}'") from None
    if not stat.type & vscode.FileType.DIRECTORY:
        raise ToolError(f"cwd: '{place}' is a file; name a folder, or leave cwd out for '{use.cwd}'")
    return place


async def actions_of(use: Use, line: str, cwd: str, name: str | None = None) -> tuple[Action, ...]:
    """What leave a command line needs: to run, to write the protected files that its words name, to work elsewhere.

    Raises `ToolError` where it reads what `.rooignore` keeps from the agent.
    """
    named = await asyncio.to_thread(_named, line, cwd, places.home().path)  # to read a shell's grammar takes time
    reads = named.reads if use.access.has_rules else []
    known = [one for one in named.folders if one is not None and one != use.cwd]
    real = await _real(use, [*named.writes, *(path for words in reads for path in words[1:]), *known])
    _refuse_ignored(use, reads, real)
    writes = protected((*named.writes, *(real[one] for one in named.writes)), use.protection)
    folders = dict.fromkeys(None if one is None else real.get(one, one) for one in named.folders)
    return (
        Action("execute", command=line, name=name),
        *(Action("write", path) for path in writes),
        *(Action("work", path) for path in folders if path is None or not (path == use.cwd or inside(use.cwd, path))),
    )


def _named(line: str, cwd: str, home: str) -> Named:
    nested = Nested(line, cwd, home)
    found = Named(targets(nested, home), list(_read(nested)))
    found.folders += dict.fromkeys(where for one, where in nested.commands if _depends(one))
    found.folders += [None] * any(map(_depends, nested.lost))
    return found


def _depends(command: Command) -> bool:
    """Whether it matters in which folder the program works."""
    return command.name not in LOOKS and command.name not in WRAPPERS


async def _real(use: Use, named: Iterable[str]) -> dict[str, str]:
    """Where paths lead; one that leads nowhere is itself. Raises `ToolError` of too many."""
    unique = list(dict.fromkeys(named))
    if len(unique) > MOST:
        raise ToolError(f"command: its words name {len(unique)} files, and {MOST} may be; run it in parts")
    led = await asyncio.gather(*(_led(use, one) for one in unique))
    return dict(zip(unique, led, strict=True))


async def _led(use: Use, path: str) -> str:
    try:
        return (await files.led(use.cwd, path)).path
    except paths.Failure:
        return path


def _refuse_ignored(use: Use, reads: Iterable[list[str]], real: dict[str, str]) -> None:
    """Raise `ToolError` where a program that reads files is given one that `.rooignore` keeps from the agent.

    It is told by the words: what a program opens by itself is not known before it runs.
    """
    for name, *found in reads:
        led = [name, *(real[path] for path in found)]
        blocked = use.access.blocked_argument([name, *found]) or use.access.blocked_argument(led)
        if blocked is not None:
            raise ToolError(
                f"the command reads '{inside(use.cwd, blocked) or blocked}', which .rooignore keeps from you: "
                "go on without that file, or ask the user to change .rooignore"
            )


def _read(nested: Nested) -> Iterator[list[str]]:
    """The files that the line shows, as far as its words name them."""
    for one, cwd in nested.commands:
        name = "cat" if one.name == "git" else (one.name or "").lower()
        if name in READERS:
            words = [text for text in _files(one) if not text.startswith("-")]
            folders = [
                cwd,
                *(posixpath.join(cwd, top) for text in words[-1:] for top in (text, posixpath.dirname(text))),
            ]
            for folder in folders if name == "ln" else [cwd]:  # what a link says is read from where the link is
                yield [name, *(posixpath.join(folder, text) for text in words)]
    yield from (["cat", posixpath.join(cwd, word.text)] for word, cwd in nested.reads)


def _files(command: Command) -> list[str]:
    """The words that may be files: `if=FILE`, `@FILE` and `HEAD:FILE` are, too."""
    texts = [word.text for word in command.words[1:]]
    if command.name == "git":
        is_showing = bool(texts) and any(text in SHOWING for text in texts[:4])
        return [text.rpartition(":")[2] for text in texts] if is_showing else []
    return [text.removeprefix("if=").lstrip("@") if command.name in ("dd", "curl") else text for text in texts]
