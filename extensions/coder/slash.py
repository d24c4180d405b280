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
    found = await _files(vscode.Uri.join_path(top, ".roo", "commands"), DEPTH, set())
    names = {uri.path: name for name, uri in found[:MOST]}
    read, problems = await read_all([uri for _, uri in found[:MOST]])
    return [(names[file.path], file.text) for file in read], problems


async def _files(folder: vscode.Uri, depth: int, been: set[str]) -> list[tuple[str, vscode.Uri]]:
    """The files of commands by name, the folder's own behind those of folders that it links to.

    A link gives its own name to what it leads to; folders that are no links are passed over, as in Roo Code.
    """
    try:
        place = (await paths.real(folder)).path
    except paths.Failure:
        return []
    if place in been:
        return []
    been.add(place)
    linked: list[tuple[str, vscode.Uri]] = []
    own: list[tuple[str, vscode.Uri]] = []
    for name, kind in await entries(folder):
        uri, is_link = vscode.Uri.join_path(folder, name), bool(kind & vscode.FileType.SYMBOLIC_LINK)
        if kind & vscode.FileType.DIRECTORY:
            linked += await _files(uri, depth - 1, been) if is_link and depth else []
        elif kind & vscode.FileType.FILE and " " not in name and await _is_markdown(uri, is_link):
            own.append((name[:-3] if _has_ending(name) else name, uri))
    return linked + own


async def _is_markdown(uri: vscode.Uri, is_link: bool) -> bool:
    if _has_ending(uri.path) or not is_link:
        return _has_ending(uri.path)
    try:
        return _has_ending((await paths.real(uri)).path)
    except paths.Failure:
        return False


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
