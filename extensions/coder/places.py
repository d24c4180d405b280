"""What a command's words and folders mean in the task's workspace. Nothing is run here."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import shim as vscode
from extensions.coder import files
from extensions.coder.access import READERS, inside
from extensions.coder.builders import CODE
from extensions.coder.calls import bare_name, operands_of, taken_from
from extensions.coder.doors import LOOKS, SCRIPTED
from extensions.coder.launchers import SHELLS, WRAPPERS
from extensions.coder.loops import ANYTHING, ways
from extensions.coder.nested import Nested
from extensions.coder.own import meant_by
from extensions.coder.programs import TEMPORARY
from extensions.coder.syntax import HERE, Assigned, Command, Word
from extensions.coder.targets import made, protected, targets
from extensions.coder.tool import Action, ToolError, Use
from extensions.coder.variables import IMPORTS
from extensions.coder.whereabouts import at_home
from shim.proposed import paths, places

SHOWING = frozenset({"show", "diff", "grep", "blame", "annotate", "log", "cat-file", "whatchanged", "archive"})
"""Subcommands of git that show what is in the files they are given."""

MOST = 1_000
"""Paths of one line that are looked up on the disk."""

SPLITS = re.compile(r"[\s*?\[\\]")

STEADY = LOOKS | CODE | {*SCRIPTED, "npm", "npx", "pnpm", "yarn", "bun", "uv", "poetry", "bundle"}
"""Programs that remove no folders of a line's own, but by the project's code, and what else they do is asked about."""

MATCHING = 200
"""Folders that one pattern of a line may mean."""


@dataclass(slots=True)
class Named:
    """What the words of a line name: absolute paths, with `..` as it is written: links may stand before it."""

    writes: list[str] = field(default_factory=list)
    reads: list[list[str]] = field(default_factory=list)
    """Those of each program that shows files, behind its name."""
    folders: list[str | None] = field(default_factory=list)
    """In which it does what depends on the folder; None where only the shell will know it."""
    code: list[str] = field(default_factory=list)
    """From which it takes code, or what steers it."""
    made: list[str] = field(default_factory=list)
    """Which it makes, changes or removes by programs for that."""
    spelled: list[str] = field(default_factory=list)
    """Folders whose names become words of the line, unquoted: `find $(pwd)`."""
    entered: list[str] = field(default_factory=list)
    """To which `cd` is told to go, if nothing in the line may remove folders."""


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
    home = places.home().path
    named = await asyncio.to_thread(_named, line, cwd, home)  # to read a shell's grammar takes time
    if named.entered and any(_is_elsewhere(use, one) for one in named.folders):
        sure = [cwd, *await _there(named.entered[:MATCHING])]
        named = await asyncio.to_thread(_named, line, cwd, home, sure)
    if await _may_split(named.spelled):
        named.folders.append(None)
    reads = named.reads if use.access.has_rules else []
    named.folders = [each for one in named.folders for each in await _matching(one)]
    known = [one for one in (*named.folders, *named.code, *named.made) if one is not None and one != use.cwd]
    real = await _real(use, [*named.writes, *(path for words in reads for path in words[1:]), *known])
    _refuse_ignored(use, reads, real)
    writes = protected((*named.writes, *(real[one] for one in named.writes)), use.protection)
    return (
        Action("execute", command=line, name=name),
        *(Action("write", path) for path in writes),
        *_elsewhere(use, "works in", (None if one is None else real.get(one, one) for one in named.folders)),
        *_elsewhere(use, "takes code from", (real[one] for one in named.code if one in real)),
        *_elsewhere(use, "changes", (real[one] for one in named.made if one in real and one not in writes)),
    )


def _elsewhere(use: Use, what: str, found: Iterable[str | None]) -> Iterator[Action]:
    """What leave it needs for those that are outside of the task's folder."""
    yield from (Action("work", path, name=what) for path in dict.fromkeys(found) if _is_elsewhere(use, path))


def _is_elsewhere(use: Use, path: str | None) -> bool:
    return path is None or not (path == use.cwd or inside(use.cwd, path))


async def _there(folders: Iterable[str]) -> list[str]:
    """Those that are folders, and may be gone to."""
    stats = await asyncio.gather(*map(_stat, folders))
    return [one for one, stat in zip(folders, stats, strict=True) if stat is not None]


async def _may_split(folders: Sequence[str]) -> bool:
    """Whether a shell makes several words of one of the names, or of where it leads; of very many it is not asked."""
    if len(folders) > MATCHING:
        return True
    real = await asyncio.gather(*(paths.real(vscode.Uri.file(one)) for one in folders), return_exceptions=True)
    found = [*folders, *(one.path for one in real if isinstance(one, vscode.Uri))]
    return any(SPLITS.search(one) for one in found)


def _named(line: str, cwd: str, home: str, sure: Collection[str] = ()) -> Named:
    nested = Nested(line, cwd, home, sure)
    found = Named(targets(nested, home), list(_read(nested)))
    found.folders += dict.fromkeys(where for one, where in nested.commands if _depends(one))
    found.folders += [None] * any(map(_depends, nested.lost))
    found.code += _joined(
        ((word, cwd) for one, cwd in nested.commands for way in ways(one) for word in _code(way)), home
    )
    found.code += _joined(((text, cwd) for text in _imported(nested.assigned)), home)
    found.spelled += dict.fromkeys(cwd for one, cwd in nested.commands if any(map(_spells, one.words)))
    found.folders += [None] * any(_spells(word) for one in nested.lost for word in one.words)
    if all(bare_name(one.name or "") in STEADY for one, _ in nested.commands):
        found.entered += sorted(nested.entered)
    found.made += _joined(
        ((word.text, cwd) for one, cwd in nested.commands for way in ways(one) for word in made(way)), home
    )
    return found


def _joined(words: Iterable[tuple[str, str]], home: str) -> Iterator[str]:
    """The places that are no temporary ones, absolute."""
    found = dict.fromkeys(posixpath.join(cwd, at_home(text, home)) for text, cwd in words)
    return (one for one in found if not TEMPORARY.fullmatch(one) and not one.startswith("/dev/"))


def _code(command: Command) -> list[str]:
    """From where a program takes its code: a script, or what the words of one that builds or tests name."""
    meant = meant_by(command.name or "", command) or command
    if meant.name in SHELLS or meant.name in ("source", ".") or bare_name(meant.name or "") in SCRIPTED:
        return [word.text for word in operands_of(meant)[:1] if word.literal and not word.text.startswith(("/", "~"))]
    return taken_from(meant) if meant.name in CODE else []


def _imported(assigned: Iterable[Assigned]) -> Iterator[str]:
    """The places in which interpreters look for more code by a variable."""
    return (one for given in assigned if given.name in IMPORTS and given.value for one in given.value.split(":") if one)


def _spells(word: Word) -> bool:
    """Whether the name of the folder that the line is in becomes part of an unquoted word."""
    return word.splits and HERE.search(word.text) is not None


def _depends(command: Command) -> bool:
    """Whether it matters in which folder the program works."""
    return command.name not in LOOKS and command.name not in WRAPPERS


async def _stat(folder: str) -> vscode.FileStat | None:
    with suppress(vscode.FileSystemError):
        return await vscode.workspace.fs.stat(vscode.Uri.file(f"{folder}/."))
    return None


async def _matching(folder: str | None) -> list[str | None]:
    """The folders that are meant by one with a loop's `*` in it; None where they are too many."""
    waiting, found = [folder], list[str | None]()
    while waiting and len(waiting) + len(found) < MATCHING:
        one = waiting.pop()
        if one is None or ANYTHING not in one:
            found.append(one)
            continue
        above, _, below = one.partition(ANYTHING)
        top, beginning = posixpath.split(above)
        _, slash, rest = below.partition("/")
        with suppress(vscode.FileSystemError):
            names = await vscode.workspace.fs.read_directory(vscode.Uri.file(top or "/"))
            fitting = (name for name, kind in names if kind & vscode.FileType.DIRECTORY and name.startswith(beginning))
            waiting += [posixpath.join(top, name) + slash + rest for name in fitting]
    return [*found, None] if waiting else found


async def _real(use: Use, named: Iterable[str]) -> dict[str, str]:
    """Where paths lead; one that leads nowhere is itself. Raises `ToolError` of too many."""
    unique = list(dict.fromkeys(named))
    if len(unique) > MOST:
        raise ToolError(f"command: its words name {len(unique)} files, and {MOST} may be; run it in parts")
    led = await asyncio.gather(*(_led(use, one) for one in unique))
    return dict(zip(unique, led, strict=True))


async def _led(use: Use, path: str) -> str:
    if ANYTHING in path:
        return path
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
