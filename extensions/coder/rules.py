"""The rules that a project and its user have for the agent, from all files that hold some, in Roo Code's order."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import shim as vscode
from extensions.coder.access import IGNORE_FILE
from extensions.coder.reading import NotRead, Read, entries, files_below, kind_of, read_all, read_text

MOST_CHARACTERS = 200_000
"""Of all rules together; what does not fit is named and left out."""

AGENT_FILES = ("AGENTS.md", "AGENT.md")
"""The first that says something counts."""

LOCAL_FILE = "AGENTS.local.md"
SUBFOLDERS = 50
"""Folders with rules of their own, beside the workspace's, that are read."""

LOCKED = (
    "Files that match these patterns are closed to you: do not read, change or guess them. "
    "Listings show them with a lock (🔒)."
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The text for the system prompt, empty where nobody has rules, and what was left out, a sentence each."""

    text: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user's settings and the mode say beside the files."""

    language: str = ""
    """The language to answer in, such as `Deutsch (de)`."""
    instructions: str = ""
    mode_name: str = ""
    mode_instructions: str = ""
    use_agent_files: bool = True
    use_subfolders: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A heading of the rules, and the files below it."""

    heading: str
    files: tuple[Read, ...] = ()
    problems: tuple[str, ...] = ()


async def gather(cwd: vscode.Uri, home: vscode.Uri, mode: str, wishes: Wishes) -> Rules:
    """All rules for a mode in the folder `cwd`. Reads what there is side by side; a file that is missing is no rule."""
    folders = [cwd, *(await _subfolders(cwd) if wishes.use_subfolders else ())]
    parts = await asyncio.gather(
        _named(cwd, home, folders, f"-{mode}", f"Rules of the mode {mode}"),
        _ignored(cwd),
        _agents(folders if wishes.use_agent_files else ()),
        _named(cwd, home, folders, "", "Rules"),
    )
    return _written(wishes, parts, cwd)


async def _named(cwd: vscode.Uri, home: vscode.Uri, folders: Sequence[vscode.Uri], suffix: str, heading: str) -> _Part:
    """`.roo/rules<suffix>/` of the user, then of the project; where neither has any, the older names."""
    places = [vscode.Uri.join_path(top, ".roo", f"rules{suffix}") for top in (home, *folders)]
    found: list[vscode.Uri] = []
    for files in await asyncio.gather(*map(files_below, dict.fromkeys(places))):
        found += files
    read, problems = await read_all(found)
    for name in () if read else (f".roorules{suffix}", f".clinerules{suffix}"):
        read, more = await read_all(await _file_or_folder(vscode.Uri.join_path(cwd, name)))
        problems += more
        if read:
            break
    return _Part(heading, tuple(read), tuple(problems))


async def _file_or_folder(uri: vscode.Uri) -> list[vscode.Uri]:
    kind = await kind_of(uri)
    return await files_below(uri) if kind is vscode.FileType.DIRECTORY else [uri] if kind is not None else []


async def _agents(folders: Iterable[vscode.Uri]) -> _Part:
    parts = await asyncio.gather(*map(_agents_of, folders))
    files = tuple(file for read, _ in parts for file in read)
    return _Part("Agent instructions of the project", files, tuple(one for _, told in parts for one in told))


async def _agents_of(folder: vscode.Uri) -> tuple[list[Read], list[str]]:
    names = [name for name, _ in await entries(folder)]
    found: list[Read] = []
    problems: list[str] = []
    for several in (AGENT_FILES, (LOCAL_FILE,)):
        for name in several:
            read, told = await read_all([vscode.Uri.join_path(folder, name)] if name in names else [])
            problems += told
            if read:
                found += read
                break
    return found, problems


async def _ignored(cwd: vscode.Uri) -> _Part:
    try:
        text = await read_text(vscode.Uri.join_path(cwd, IGNORE_FILE))
    except NotRead as error:
        return _Part("", (), (str(error),))
    files = (Read(IGNORE_FILE, f"{LOCKED}\n\n{text.strip()}"),) if text and text.strip() else ()
    return _Part("Closed files", files)


async def _subfolders(cwd: vscode.Uri) -> list[vscode.Uri]:
    """Folders of the workspace that have rules or agent files of their own."""
    pattern = "**/{.roo/rules*/**,AGENTS.md,AGENT.md}"
    found = await vscode.workspace.find_files(vscode.RelativePattern(cwd, pattern), None, 1_000)
    tops = {uri.path.partition("/.roo/")[0] if "/.roo/" in uri.path else posixpath.dirname(uri.path) for uri in found}
    return [vscode.Uri.file(top) for top in sorted(tops - {cwd.path})][:SUBFOLDERS]


def _written(wishes: Wishes, parts: Sequence[_Part], cwd: vscode.Uri) -> Rules:
    sections = []
    if wishes.language:
        sections.append(f"## Language\n\nThink and answer in {wishes.language}, unless the user asks for another.")
    if wishes.instructions.strip():
        sections.append(f"## Instructions of the user\n\n{wishes.instructions.strip()}")
    if wishes.mode_instructions.strip():
        sections.append(f"## Instructions of the mode {wishes.mode_name}\n\n{wishes.mode_instructions.strip()}")
    left, problems = MOST_CHARACTERS, [one for part in parts for one in part.problems]
    for part in parts:
        kept = []
        for file in part.files:
            if len(file.text) > left:
                problems.append(f"{file.path}: does not fit: rules may have {MOST_CHARACTERS} characters together")
                continue
            left -= len(file.text)
            kept.append(f"### {_shown(file.path, cwd)}\n\n{file.text}")
        if kept:
            sections.append("\n\n".join((f"## {part.heading}", *kept)))
    if problems:
        sections.append("## Left out\n\n" + "\n".join(f"- {one}" for one in problems))
    return Rules("\n\n".join(sections), tuple(problems))


def _shown(path: str, cwd: vscode.Uri) -> str:
    return path.removeprefix(cwd.path.rstrip("/") + "/")
