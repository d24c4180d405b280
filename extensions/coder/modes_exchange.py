"""Modes taken along: one with its rules as the YAML that Roo Code exports, and such a file taken in."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shim as vscode
from extensions.coder.modes import Group, Mode
from extensions.coder.modes_files import TEXTS, listed_modes
from extensions.coder.reading import LARGEST, MOST, files_below, read_all, read_text
from extensions.coder.yamltext import BadYaml, exact, text_of
from shim.proposed.http import Conflict, Invalid

LONGEST_TEXT = 8 << 20
"""Characters of a file of modes with their rules."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where modes are kept: a file of them, and the folder with their rules."""

    file: vscode.Uri
    rules: vscode.Uri


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What came of a file: the slugs of its modes, the rule files that were written, and what was left out."""

    modes: tuple[str, ...]
    files: tuple[str, ...]
    left_out: tuple[str, ...]


async def exported(mode: Mode, rules: vscode.Uri) -> str:
    """The mode and the files of its folder below `rules`, as YAML."""
    top = vscode.Uri.join_path(rules, f"rules-{mode.slug}")
    read, _ = await read_all(await files_below(top))
    files = [{"relativePath": one.path.removeprefix(f"{rules.path}/"), "content": f"{one.text}\n"} for one in read]
    one = _written(mode) | ({"rulesFiles": files} if files else {})
    return await asyncio.to_thread(_yaml, [one])


def _written(mode: Mode) -> dict[str, Any]:
    texts = {theirs: value for theirs, ours in TEXTS if (value := getattr(mode, ours))}
    groups = [_group(one) for one in mode.groups]
    return {"slug": mode.slug, "name": mode.name, "roleDefinition": mode.role, **texts, "groups": groups}


def _group(group: Group) -> Any:
    options = {"fileRegex": group.file_regex, "description": group.description}
    given = {name: value for name, value in options.items() if value is not None}
    return [group.name, given] if given else group.name


def _yaml(modes: list[Any]) -> str:
    return text_of({"customModes": modes})


async def taken_in(text: str, place: Place) -> TakenIn:
    """Put the modes of a text where modes are kept, in the place of those of their slugs.

    Raises `Invalid` of a text without modes, and `Conflict` where the file that is there cannot be read.
    """
    if len(text) > LONGEST_TEXT:
        raise Invalid("text", f"has {len(text)} characters, and {LONGEST_TEXT} may be; take in its modes one by one")
    try:
        given = await asyncio.to_thread(_listed, text)
    except BadYaml as error:
        raise Invalid("text", f"is neither YAML nor JSON: {error}") from None
    if given is None:
        raise Invalid("text", "customModes: is missing or no list; it must be what exports a mode")
    found = await asyncio.to_thread(listed_modes, given, "customModes", "")
    if not found.modes:
        raise Invalid("text", "; ".join(found.problems) or "it holds no mode")
    await _keep(found.modes, place.file)
    slugs = tuple(one.slug for one in found.modes)
    files, problems = await _keep_rules(given, slugs, place.rules)
    return TakenIn(slugs, tuple(files), (*found.problems, *problems))


def _listed(text: str) -> list[Any] | None:
    value = exact(text).value
    modes = value.get("customModes") if isinstance(value, dict) else None
    return modes if isinstance(modes, list) else None


async def _keep(modes: Sequence[Mode], file: vscode.Uri) -> None:
    before = await read_text(file, LARGEST)
    try:
        kept = [] if before is None or not before.strip() else await asyncio.to_thread(_listed, before)
    except BadYaml as error:
        raise Conflict(f"{file.path}: is neither YAML nor JSON: {error}; correct it first") from None
    if kept is None:
        raise Conflict(f"{file.path}: customModes: is missing or no list; correct it first")
    fresh = {one.slug: _written(one) for one in modes}
    others = [one for one in kept if not isinstance(one, Mapping) or one.get("slug") not in fresh]
    text = await asyncio.to_thread(_yaml, [*others, *fresh.values()])
    if len(content := text.encode()) > LARGEST:
        raise Conflict(
            f"{file.path}: would have {len(content)} bytes and may have {LARGEST}; remove modes from it first"
        )
    try:
        await vscode.workspace.fs.write_file(file, content)
    except vscode.FileSystemError as error:
        raise Conflict(str(error)) from None


async def _keep_rules(given: list[Any], slugs: Sequence[str], rules: vscode.Uri) -> tuple[list[str], list[str]]:
    """Write the rule files of the modes; gives their paths, and a sentence for each that is none."""
    written: list[str] = []
    problems: list[str] = []
    for slug, at, one in _rules_of(given, slugs):
        try:
            path, content = _rule(slug, one)
            uri = vscode.Uri.join_path(rules, path)
            await vscode.workspace.fs.write_file(uri, content)
        except (ValueError, vscode.FileSystemError) as error:
            problems.append(f"rulesFiles[{at}] of {slug}: {error}"[:500])
            continue
        written.append(uri.path)
    return written, problems


def _rules_of(given: list[Any], slugs: Sequence[str]) -> Iterator[tuple[str, int, object]]:
    for mode in given:
        slug = str(mode.get("slug")).strip() if isinstance(mode, Mapping) else ""
        files = mode.get("rulesFiles") if slug in slugs else None
        for at, one in enumerate(files[:MOST] if isinstance(files, list) else ()):
            yield slug, at, one


def _rule(slug: str, given: object) -> tuple[str, bytes]:
    """Where a rule file goes, below the folder of all rules, and what it holds. Raises `ValueError`."""
    folder = f"rules-{slug}"
    path, content = (given.get("relativePath"), given.get("content")) if isinstance(given, Mapping) else (None, None)
    if not isinstance(path, str) or not isinstance(content, str):
        raise ValueError("must be an object with relativePath and content")
    parts = path.replace("\\", "/").removeprefix("./").removeprefix(f"{folder}/").split("/")
    if not all(part.isprintable() and part not in ("", ".", "..") for part in parts):
        raise ValueError(f"{path[:100]!r} is no path below {folder}")
    encoded = content.encode("utf-8", "replace")
    if len(encoded) > LARGEST:
        raise ValueError(f"has {len(encoded)} bytes and may have {LARGEST}")
    return posixpath.join(folder, *parts), encoded
