"""What is true at this moment, told with each message: files, editors, git, commands, problems. It never waits long.

It changes from step to step, so it stands behind all that a provider may cache.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import shim as vscode
from extensions.coder import repository
from extensions.coder.access import Access, inside
from extensions.coder.checklist import Todo, write_checklist
from extensions.coder.diagnostics import OfFile, are_told
from extensions.coder.listing import listed
from extensions.coder.looking import changed
from extensions.coder.modes import Mode
from extensions.coder.running import setting
from extensions.coder.seen import Seen
from shim.proposed import processes

LIMIT_S = 1.0
"""How long one part may take; then it is left out."""

FILES = 200
TABS = 20
CHANGES = 50
PROBLEMS = 30
LONGEST_PROBLEM = 300
SEVERITIES = ("Error", "Warning", "Information", "Hint")


@dataclass(frozen=True, slots=True)
class Situation:
    """What a task knows of itself."""

    cwd: vscode.Uri
    mode: Mode
    access: Access
    seen: Seen = field(default_factory=Seen)
    """The files that its model saw."""
    todos: Sequence[Todo] = ()
    news: str = ""
    """What its own commands and terminals said since, under a heading."""
    cost: float | None = None
    """USD so far; None: unknown."""
    kind: str = ""
    """What kind of task it is, and what suits it; told once, at its beginning."""
    tokens: int = 0
    """Of the conversation, and below how many the model can take."""
    window: int = 0


async def environment(now: Situation, *, limit_s: float = LIMIT_S) -> str:
    """The whole text. Its parts are gathered side by side; one that fails or takes too long is left out."""
    works: list[tuple[str, Callable[[], Awaitable[str]]]] = [
        ("Visible editors", lambda: _editors(now)),
        ("Open tabs", lambda: _tabs(now)),
        ("Git status", lambda: _git(now, limit_s)),
        ("Terminals", _terminals),
        ("Problems", lambda: _problems(now)),
        ("Files that changed since you saw them", lambda: _changed(now)),
    ]
    texts = await asyncio.gather(*(_within(limit_s, work) for _, work in works))
    parts = [(name, text) for (name, _), text in zip(works, texts, strict=True)]
    parts += [("Time", datetime.now().astimezone().isoformat(timespec="seconds")), ("Mode", now.mode.slug)]
    parts += [("Cost and context", _spent(now)), ("Kind of task", now.kind), ("Todo list", _todos(now))]
    told = [f"# {name}\n{text.strip()}" for name, text in parts if text.strip()]
    if now.news:
        told.insert(0, now.news)
    return "\n\n".join(("<environment>", *told, "</environment>"))


async def beginning(cwd: vscode.Uri, access: Access, *, limit_s: float = LIMIT_S) -> str:
    """What stands behind the first message while that is sent: the workspace's files. Empty where that takes long."""
    most = int(setting("maxWorkspaceFiles", FILES))
    files = await _within(limit_s, lambda: _files(cwd, access, most)) if most else ""
    return f"<workspace>\n\n# Files of the workspace, as they were then\n{files}\n\n</workspace>" if files else ""


async def _within(limit_s: float, work: Callable[[], Awaitable[str]]) -> str:
    try:
        async with asyncio.timeout(limit_s):
            return await work()
    except (TimeoutError, OSError, processes.Failure):
        return ""


def _path(now: Situation, uri: vscode.Uri) -> str | None:
    """How the agent names a file, None where it may not see it or it is none."""
    if uri.scheme != "file" or not uri.path.isprintable() or not now.access.can_read(uri.path):
        return None
    return inside(now.cwd.path, uri.path) or uri.path


def _shown(now: Situation, uris: Sequence[vscode.Uri], most: int) -> str:
    paths = list(dict.fromkeys(path for uri in uris if (path := _path(now, uri)))) if most else []
    return "\n".join((*paths[:most], *([f"(and {len(paths) - most} more)"] if len(paths) > most else [])))


async def _editors(now: Situation) -> str:
    return _shown(now, [one.document.uri for one in vscode.window.visible_text_editors], _most_tabs())


async def _tabs(now: Situation) -> str:
    tabs = [tab for group in vscode.window.tab_groups.all for tab in group.tabs]
    uris = [uri for tab in tabs if isinstance(uri := getattr(tab.input, "uri", None), vscode.Uri)]
    return _shown(now, uris, _most_tabs())


def _most_tabs() -> int:
    return int(setting("maxOpenTabsContext", TABS))


async def _git(now: Situation, limit_s: float) -> str:
    try:
        await vscode.workspace.fs.stat(vscode.Uri.join_path(now.cwd, ".git"))
    except vscode.FileSystemError:
        return ""
    try:
        kept = await repository.status(now.cwd, now.access, seconds=limit_s)
    except repository.NoGit:
        return ""
    return "\n".join((*kept[:CHANGES], *([f"(and {len(kept) - CHANGES} more)"] if len(kept) > CHANGES else [])))


async def _terminals() -> str:
    living = [one for one in vscode.window.terminals if one.exit_status is None]
    return "\n".join(f"{one.name}{' (active)' if one is vscode.window.active_terminal else ''}" for one in living[:20])


async def _problems(now: Situation) -> str:
    if not are_told():
        return ""
    most = int(setting("maxDiagnosticMessages", PROBLEMS))
    return await problems(now.access, now.cwd.path, most=most, worst=vscode.DiagnosticSeverity.WARNING)


async def problems(access: Access, cwd: str, *, most: int, worst: int = 3) -> str:
    """What languages say is wrong, the worst first: a line each. `worst` is the mildest severity that counts."""
    there = vscode.languages.get_diagnostics()  # of many files: `.rooignore` is asked about each
    return await asyncio.to_thread(_worst, there, access, cwd, most, worst) if there else ""


def _worst(there: Iterable[OfFile], access: Access, cwd: str, most: int, worst: int) -> str:
    found = [
        (int(one.severity), path, one)
        for uri, some in there
        if uri.scheme == "file" and uri.path.isprintable() and access.can_read(uri.path)
        for path in [inside(cwd, uri.path) or uri.path]
        for one in some
        if int(one.severity) <= worst
    ]
    found.sort(key=lambda one: (one[0], one[1], one[2].range.start.line))
    lines = [
        f"{path}:{one.range.start.line + 1} [{SEVERITIES[severity]}] {' '.join(one.message.split())[:LONGEST_PROBLEM]}"
        for severity, path, one in found[:most]
    ]
    return "\n".join((*lines, *([f"(and {len(found) - most} more)"] if len(found) > most else [])))


async def _changed(now: Situation) -> str:
    found = await changed(now.seen)
    shown = [f"{_path(now, vscode.Uri.file(path))}{gone}" for path, gone in found if _path(now, vscode.Uri.file(path))]
    return "\n".join((*shown, "Read them again before you rely on what you saw.")) if shown else ""


async def _files(cwd: vscode.Uri, access: Access, most: int) -> str:
    found = await listed(cwd, access, most)
    rest = "\n(there are more: list folders to see them)" if found.is_cut else ""
    return "\n".join(found.paths) + rest if found.paths else "(empty)"


def _spent(now: Situation) -> str:
    cost = "" if now.cost is None else f"${now.cost:.2f} so far"
    share = f"{now.tokens:,} of {now.window:,} tokens ({now.tokens * 100 // now.window} %)" if now.window else ""
    return ", ".join(one for one in (cost, share) if one)


def _todos(now: Situation) -> str:
    if not now.todos:
        return "There is none. Make one with update_todo_list if the work has three steps or more."
    return f"{write_checklist(list(now.todos))}\nKeep it true: mark what is done as soon as it is."
