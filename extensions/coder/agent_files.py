"""All files that steer the agent in one folder for one user: modes, rules, commands, skills, and what is closed to it.

They are read when they are asked for, so what somebody just wrote counts; in a folder that is watched, what was read
counts until a file changes. A broken one is told to the user once.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import shim as vscode
from extensions.coder.access import IGNORE_FILE, Access
from extensions.coder.ignoring import LONGEST, rule_of
from extensions.coder.modes import Mode
from extensions.coder.modes_files import Found, listed_modes, merged, read_modes
from extensions.coder.reading import NotRead, read_text
from extensions.coder.rules import Rules, Wishes, gather
from extensions.coder.skills import Skill, skills
from extensions.coder.slash import SlashCommand, slash_commands
from extensions.coder.texts import built_in_modes, load
from shim.proposed import places

T = TypeVar("T")

PROJECT_MODES = ".roomodes"
OWN_MODES = "custom_modes.yaml"
MOST_TOLD = 200
"""Problems that are remembered as told."""

SHOWN_S = 600.0
"""How long a problem waits for a client that shows it, in seconds."""

STALE_S = 30.0
"""How long what was read counts at most, in seconds, where no change is heard of: watchers have limits."""

WARM_S = 1.0
"""How long a watcher may take to begin, in seconds: until then nothing is kept."""

FOLDERS = 20
"""Folders that are watched by themselves."""

KEPT = 100
"""Answers that are kept."""

WATCHED = (
    "{.roomodes,.rooignore,AGENTS.md,AGENT.md,AGENTS.local.md,.roorules*,.clinerules*,.clinerules*/**,"
    ".roo/**,.agents/**}"
)


class AgentFiles:
    """One user's. `storage` is the agent's own folder of theirs, where its settings may keep modes too.

    With `watches` a folder is watched from its first use on, until this is disposed of.
    """

    def __init__(self, storage: vscode.Uri | None = None, *, watches: bool = False) -> None:
        self._storage = storage
        self._watches = watches
        self._watching: list[vscode.Disposable] = []
        self._texts: Mapping[str, str] | None = None
        self._built_in: tuple[Mode, ...] = ()
        self._watched: dict[str, float] = {}
        self._kept: dict[Hashable, tuple[float, Any]] = {}
        self._version = 0
        self._told: dict[str, None] = {}
        self.turn = asyncio.Semaphore(1)
        """For `mentions.World`: one page of the user is made text at a time."""
        self.changed = vscode.EventEmitter[None]()
        """Fires when one of the files was written, made or removed."""

    async def texts(self) -> Mapping[str, str]:
        """The agent's own prompts, read once."""
        if self._texts is None:
            texts = await asyncio.to_thread(load)
            self._built_in = await asyncio.to_thread(built_in_modes, texts)
            self._texts = texts
        return self._texts

    def forget(self) -> None:
        """Read everything anew when it is next asked for."""
        self._version += 1
        self._kept.clear()

    async def _once(self, cwd: vscode.Uri, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """What `read` gives, kept while nothing changes where that would be heard of."""
        if self._watches and cwd.path not in self._watched and len(self._watching) < FOLDERS:
            try:
                self._watching.append(self.watch(cwd))
            except vscode.FileSystemError:
                self._watched[cwd.path] = math.inf  # watchers have limits: without one, files are read each time
        if time.monotonic() < self._watched.get(cwd.path, math.inf):
            return await read()
        until, value = self._kept.get((cwd.path, key), (0.0, None))
        if time.monotonic() < until:
            kept: T = value
            return kept
        version, found = self._version, await read()
        if version == self._version:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[cwd.path, key] = (time.monotonic() + STALE_S, found)
        return found

    # -- what they say

    async def modes(self, cwd: vscode.Uri) -> tuple[Mode, ...]:
        """The modes that there are: a project's before the user's before ours."""
        given = vscode.workspace.get_configuration("coder").get("customModes")
        return await self._once(cwd, ("modes", repr(given)), lambda: self._modes(cwd, given))

    async def _modes(self, cwd: vscode.Uri, given: object) -> tuple[Mode, ...]:
        await self.texts()
        project = vscode.Uri.join_path(cwd, PROJECT_MODES)
        users = [vscode.Uri.join_path(places.home(), ".roo", OWN_MODES)]
        if self._storage is not None:
            users.append(vscode.Uri.join_path(self._storage, "settings", OWN_MODES))
        layers = await asyncio.gather(_modes_of(project, "project"), *(_modes_of(one, "global") for one in users))
        setting = await asyncio.to_thread(listed_modes, given, "coder.customModes", "global")
        found = [*layers, setting]
        self.tell(problem for one in found for problem in one.problems)
        return merged(self._built_in, *(one.modes for one in found))

    async def mode(self, cwd: vscode.Uri, slug: str) -> Mode | None:
        """The mode of that name."""
        return next((mode for mode in await self.modes(cwd) if mode.slug == slug), None)

    async def rules(self, cwd: vscode.Uri, mode: str, wishes: Wishes) -> Rules:
        """What the system prompt says of rules."""
        home = places.home()
        rules = await self._once(cwd, ("rules", mode, wishes), lambda: gather(cwd, home, mode, wishes))
        self.tell(rules.problems)
        return rules

    async def commands(self, cwd: vscode.Uri) -> Sequence[SlashCommand]:
        """The slash commands that there are."""
        home, texts = places.home(), await self.texts()
        found, problems = await self._once(cwd, "commands", lambda: slash_commands(cwd, home, texts))
        self.tell(problems)
        return found

    async def skills(self, cwd: vscode.Uri, mode: str) -> Sequence[Skill]:
        """The skills of a mode."""
        home = places.home()
        found, problems = await self._once(cwd, ("skills", mode), lambda: skills(cwd, home, mode))
        self.tell(problems)
        return found

    async def access(self, cwd: vscode.Uri) -> Access:
        """What the agent may see. Rules that cannot be read close everything: nobody knows what they would close."""
        return await self._once(cwd, "access", lambda: self._access(cwd))

    async def _access(self, cwd: vscode.Uri) -> Access:
        file = vscode.Uri.join_path(cwd, IGNORE_FILE)
        try:
            text = await read_text(file, anywhere=True)
        except NotRead as error:
            self.tell([f"{error}. Until then the agent sees no file"])
            text = "*"
        lines = (text or "").splitlines()
        if any(len(line) > LONGEST and not line.startswith("#") for line in lines):
            self.tell([f"{file.path}: a rule has more than {LONGEST:,} characters. Until then the agent sees no file"])
            text, lines = "*", []
        bad = await asyncio.to_thread(lambda: [line for line in lines if rule_of(line) is None])
        self.tell(f"{file.path}: {line[:100]!r} is no pattern and closes nothing" for line in bad)
        return await asyncio.to_thread(Access, cwd.path, text)

    # -- who is told

    def tell(self, problems: Iterable[str]) -> None:
        """Show the user what is wrong with their files, each thing once."""
        for problem in problems:
            if problem in self._told:
                continue
            self._told[problem] = None
            if len(self._told) > MOST_TOLD:
                del self._told[next(iter(self._told))]
            asyncio.get_running_loop().call_later(SHOWN_S, vscode.window.show_warning_message(problem).cancel)

    def watch(self, cwd: vscode.Uri) -> vscode.Disposable:
        """Fire `changed` for the files of a folder and those at home, until this is disposed of."""
        own = [vscode.Uri.join_path(places.home(), name) for name in (".roo", ".agents")]
        watchers: list[vscode.Disposable] = []
        try:
            watchers.append(self._watch(cwd, WATCHED))
            watchers += [self._watch(top, "**") for top in own]
        except vscode.FileSystemError:
            vscode.Disposable.from_(*watchers).dispose()
            raise
        self._watched[cwd.path] = time.monotonic() + WARM_S
        return vscode.Disposable.from_(*watchers, vscode.Disposable(lambda: self._unwatched(cwd.path)))

    def _unwatched(self, path: str) -> None:
        self._watched.pop(path, None)
        self.forget()

    def dispose(self) -> None:
        """Watch nothing any more."""
        while self._watching:
            self._watching.pop().dispose()

    def _watch(self, top: vscode.Uri, pattern: str) -> vscode.Disposable:
        watcher = vscode.workspace.create_file_system_watcher(vscode.RelativePattern(top, pattern))
        for event in (watcher.on_did_create, watcher.on_did_change, watcher.on_did_delete):
            event(self._heard)
        return watcher

    def _heard(self, _: vscode.Uri) -> None:
        self.forget()
        self.changed.fire(None)


async def _modes_of(file: vscode.Uri, source: str) -> Found:
    try:
        text = await read_text(file)
    except NotRead as error:
        return Found((), (str(error),))
    return Found() if text is None else await asyncio.to_thread(read_modes, text, file.path, source)


def told(mode: Mode) -> dict[str, Any]:
    """A mode as clients are told of it."""
    groups = [
        one.name
        if one.file_regex is None
        else [one.name, {"fileRegex": one.file_regex, "description": one.description}]
        for one in mode.groups
    ]
    texts = {"description": mode.description, "whenToUse": mode.when_to_use, "source": mode.source}
    return {"slug": mode.slug, "name": mode.name, **texts, "groups": groups}
