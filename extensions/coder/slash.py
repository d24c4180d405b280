"""Slash commands: `/name` in a message stands for a text that a project, a user or the agent itself keeps in a file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shim as vscode
from extensions.coder.reading import DEPTH, entries, read_all
from extensions.coder.yamltext import front_matter
from shim.proposed import paths

MOST = 200
"""Commands of one folder."""

LINKS = 500
"""Links that are followed from there, and folders that are looked into."""


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One command; `source` is `project`, `global` or `built-in`."""

    name: str
    text: str
    source: str
    description: str = ""
    argument_hint: str = ""
    mode: str = ""
    """The mode that the task goes on in, or empty."""

    def told(self) -> dict[str, str]:
        """As clients are told of it."""
        more = {"description": self.description, "argumentHint": self.argument_hint, "mode": self.mode}
        return {"name": self.name, "source": self.source} | {key: value for key, value in more.items() if value}


async def slash_commands(
    cwd: vscode.Uri, home: vscode.Uri, texts: Mapping[str, str]
) -> tuple[Sequence[SlashCommand], list[str]]:
    """The commands by name, a project's before the user's before ours; and a sentence for each that cannot be read."""
    own = [(name.partition("/")[2], text) for name, text in texts.items() if name.startswith("commands/")]
    users, projects = await asyncio.gather(_of_folder(home), _of_folder(cwd))
    layers = {"built-in": own, "global": users[0], "project": projects[0]}
    return await asyncio.to_thread(_layered, layers), users[1] + projects[1]


def _layered(layers: Mapping[str, Sequence[tuple[str, str]]]) -> list[SlashCommand]:
    named = {name: _command(name, text, source) for source, some in layers.items() for name, text in some}
    return sorted(named.values(), key=lambda one: one.name)


async def _of_folder(top: vscode.Uri) -> tuple[list[tuple[str, str]], list[str]]:
    found = await _Search().files(vscode.Uri.join_path(top, ".roo", "commands"), DEPTH)
    names = {uri.path: name for name, uri in found}
    read, problems = await read_all([uri for _, uri in found])
    return [(names[file.path], file.text) for file in read], problems


class _Search:
    """For the files of commands in one folder, and in those that it links to."""

    def __init__(self) -> None:
        self._been: set[str] = set()
        self._left = LINKS

    async def files(self, folder: vscode.Uri, depth: int) -> list[tuple[str, vscode.Uri]]:
        """By name, `MOST` at most: the folder's own behind those of folders that it links to, which take what is left.

        A link gives its own name to what it leads to; folders that are no links are passed over, as in Roo Code.
        """
        place = await self._real(folder)
        if place is None or place in self._been:
            return []
        self._been.add(place)
        links: list[vscode.Uri] = []
        own: list[tuple[str, vscode.Uri]] = []
        for name, kind in await entries(folder):
            uri, is_link = vscode.Uri.join_path(folder, name), bool(kind & vscode.FileType.SYMBOLIC_LINK)
            if kind & vscode.FileType.DIRECTORY:
                links += [uri] if is_link and depth else []
            elif len(own) < MOST and kind & vscode.FileType.FILE and await self._is_command(uri, name, is_link):
                own.append((name[:-3] if _has_ending(name) else name, uri))
        linked: list[tuple[str, vscode.Uri]] = []
        for uri in links:
            if len(linked) + len(own) < MOST:
                linked += await self.files(uri, depth - 1)
        return linked[: MOST - len(own)] + own

    async def _is_command(self, uri: vscode.Uri, name: str, is_link: bool) -> bool:
        if " " in name or _has_ending(name) or not is_link:
            return " " not in name and _has_ending(name)
        return _has_ending(await self._real(uri) or "")

    async def _real(self, uri: vscode.Uri) -> str | None:
        """Where a path leads; nowhere once as many were asked for as are followed."""
        self._left -= 1
        if self._left < 0:
            return None
        try:
            return (await paths.real(uri)).path
        except paths.Failure:
            return None


def _has_ending(path: str) -> bool:
    return path.lower().endswith(".md")


def _command(name: str, text: str, source: str) -> SlashCommand:
    head, body = front_matter(text)
    hint = _word(head, "argument-hint") or _word(head, "argument_hint")
    return SlashCommand(name, body, source, _word(head, "description"), hint, _word(head, "mode"))


def _word(head: Mapping[str, Any], key: str) -> str:
    value = head.get(key)
    if isinstance(value, list):  # `argument-hint: [file]` is YAML for a list
        return f"[{', '.join(map(str, value))}]"
    return "" if value is None or isinstance(value, dict) else str(value).strip()


def written(command: SlashCommand, arguments: str = "") -> str:
    """What the model reads of a command that is run; condensing keeps the block."""
    about = f"Description: {command.description}\n\n" if command.description else ""
    given = f"Arguments: {arguments}\n\n" if arguments else ""
    return f'<command name="{command.name}">\n{about}{given}{command.text}\n</command>'
