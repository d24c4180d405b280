"""What a command's words and folders mean in the task's workspace. Nothing is run here."""

from __future__ import annotations

import asyncio
import posixpath

import shim as vscode
from extensions.coder.access import inside
from extensions.coder.nested import Nested
from extensions.coder.syntax import Command
from extensions.coder.targets import written
from extensions.coder.tool import Action, ToolError, Use
from shim.proposed import places

SHOWING = frozenset({"show", "diff", "grep", "blame", "annotate", "log", "cat-file", "whatchanged", "archive"})
"""Subcommands of git that show what is in the files they are given."""


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
    """What leave a command line needs: to run, and to write the protected files that its words name.

    Raises `ToolError` where it reads what `.rooignore` keeps from the agent.
    """
    home = places.home().path
    protected = await asyncio.to_thread(_judged, use, line, cwd, home)  # to read a shell's grammar takes time
    return (Action("execute", command=line, name=name), *(Action("write", path) for path in protected))


def _judged(use: Use, line: str, cwd: str, home: str) -> list[str]:
    nested = Nested(line, cwd, home)
    _refuse_ignored(use, nested)
    return written(nested, home, use.protection)


def _refuse_ignored(use: Use, nested: Nested) -> None:
    """Raise `ToolError` where a program that reads files is given one that `.rooignore` keeps from the agent.

    It is told by the words: what a program opens by itself is not known before it runs.
    """
    for one, cwd in nested.commands:
        name = "cat" if one.name == "git" else one.name or ""
        words = [name, *(_place(text, cwd) for text in _files(one))]
        _refuse(use, use.access.blocked_argument(words))
    for word, cwd in nested.reads:
        place = _place(word.text, cwd)
        _refuse(use, None if use.access.can_read(place) else place)


def _refuse(use: Use, blocked: str | None) -> None:
    if blocked is not None:
        raise ToolError(
            f"the command reads '{inside(use.cwd, blocked)}', which .rooignore keeps from you: "
            "go on without that file, or ask the user to change .rooignore"
        )


def _files(command: Command) -> list[str]:
    """The words that may be files: `if=FILE`, `@FILE` and `HEAD:FILE` are, too."""
    texts = [word.text for word in command.words[1:]]
    if command.name == "git":
        is_showing = bool(texts) and any(text in SHOWING for text in texts[:4])
        return [text.rpartition(":")[2] for text in texts] if is_showing else []
    return [text.removeprefix("if=").lstrip("@") if command.name in ("dd", "curl") else text for text in texts]


def _place(word: str, cwd: str) -> str:
    return word if word.startswith("-") else posixpath.normpath(posixpath.join(cwd, word))
