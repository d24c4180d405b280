"""Skills: folders with a `SKILL.md` that says how to do something, which the agent reads once it is needed."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shim as vscode
from extensions.coder.reading import Read, entries, read_all
from extensions.coder.yamltext import front_matter

FILE = "SKILL.md"
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_NAME = 64
LONGEST_DESCRIPTION = 1_024
MOST = 200
"""Skills of one folder."""


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill, without its text; `source` is `project` or `global`."""

    name: str
    description: str
    path: str
    """Of its `SKILL.md`."""
    source: str
    mode: str = ""
    """The one mode that its folder is for, or empty."""
    modes: tuple[str, ...] = ()
    """Those that it names itself, where it names any."""
    text: str = field(default="", repr=False)


async def skills(cwd: vscode.Uri, home: vscode.Uri, mode: str) -> tuple[Sequence[Skill], list[str]]:
    """The skills of a mode by name, and a sentence for each that breaks a rule.

    A project's stands before the user's, one of the mode before one for all, `.roo` before `.agents`.
    """
    places = list(_places(cwd, home, mode))
    found = await asyncio.gather(*(_of_folder(*place) for place in places))
    named = {skill.name: skill for some, _ in found for skill in some if not skill.modes or mode in skill.modes}
    problems = [one for _, some in found for one in some]
    return sorted(named.values(), key=lambda one: one.name), problems


def _places(cwd: vscode.Uri, home: vscode.Uri, mode: str) -> Iterator[tuple[vscode.Uri, str, str]]:
    """Where skills are: later ones stand before earlier ones."""
    for top, source in ((home, "global"), (cwd, "project")):
        for suffix in dict.fromkeys(("", mode)):
            for owner in (".agents", ".roo"):
                folder = f"skills-{suffix}" if suffix else "skills"
                yield vscode.Uri.join_path(top, owner, folder), source, suffix


async def _of_folder(folder: vscode.Uri, source: str, mode: str) -> tuple[list[Skill], list[str]]:
    names = [name for name, kind in await entries(folder) if kind & vscode.FileType.DIRECTORY][:MOST]
    read, problems = await read_all([vscode.Uri.join_path(folder, name, FILE) for name in names])
    given = await asyncio.to_thread(lambda: [(file.path, _skill(file, source, mode)) for file in read]) if read else []
    problems += [f"{path}: {rule}" for path, rule in given if isinstance(rule, str)]
    return [skill for _, skill in given if isinstance(skill, Skill)], problems


def _modes(head: Mapping[str, Any]) -> tuple[str, ...]:
    """The modes that the skill says it is for; none where it is for all of its folder."""
    given = head.get("modeSlugs") or head.get("mode")
    return tuple(one for one in (given if isinstance(given, list) else [given]) if isinstance(one, str))


def _skill(file: Read, source: str, mode: str) -> Skill | str:
    """The skill, or the rule that it breaks."""
    head, body = front_matter(file.text)
    folder = posixpath.basename(posixpath.dirname(file.path))
    name, description = str(head.get("name") or "").strip(), str(head.get("description") or "").strip()
    if name != folder:
        return f"name: must be the name of its folder, {folder!r}; correct one of them"
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        return f"name: must be lower-case words joined by '-', {LONGEST_NAME} characters at most; rename the folder"
    if not description or len(description) > LONGEST_DESCRIPTION:
        return f"description: must say in 1 to {LONGEST_DESCRIPTION} characters what it is for and when; correct it"
    return Skill(name, description, file.path, source, mode, _modes(head), body)


async def files_of(skill: Skill) -> list[str]:
    """The other files of a skill, by their paths below its folder: its text may send the reader to them."""
    top = posixpath.dirname(skill.path)
    found: list[str] = []
    for name, kind in await entries(vscode.Uri.file(top)):
        if kind & vscode.FileType.DIRECTORY:
            inner = await entries(vscode.Uri.file(posixpath.join(top, name)))
            found += [f"{name}/{one}" for one, _ in inner]
        elif name != FILE:
            found.append(name)
    return found[:MOST]
