"""All files that steer the agent in one folder for one user: modes, rules, commands, skills, and what is closed to it.

They are read when they are asked for, so what somebody just wrote counts; a broken one is told to the user once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import shim as vscode
from extensions.coder.access import IGNORE_FILE, Access
from extensions.coder.modes import Mode
from extensions.coder.modes_files import Found, listed_modes, merged, read_modes
from extensions.coder.reading import TooLarge, read_text
from extensions.coder.rules import Rules, Wishes, gather
from extensions.coder.skills import Skill, skills
from extensions.coder.slash import SlashCommand, slash_commands
from extensions.coder.texts import built_in_modes, load
from shim.proposed import places

PROJECT_MODES = ".roomodes"
OWN_MODES = "custom_modes.yaml"
MOST_TOLD = 200
"""Problems that are remembered as told."""

SHOWN_S = 600.0
"""How long a problem waits for a client that shows it, in seconds."""

WATCHED = (
    "{.roomodes,.rooignore,AGENTS.md,AGENT.md,AGENTS.local.md,.roorules*,.clinerules*,.clinerules*/**,"
    ".roo/**,.agents/**}"
)


class AgentFiles:
    """One user's. `storage` is the agent's own folder of theirs, where its settings may keep modes too."""

    def __init__(self, storage: vscode.Uri | None = None) -> None:
        self._storage = storage
        self._texts: Mapping[str, str] | None = None
        self._told: dict[str, None] = {}
        self.changed = vscode.EventEmitter[None]()
        """Fires when one of the files was written, made or removed."""

    async def texts(self) -> Mapping[str, str]:
        """The agent's own prompts, read once."""
        if self._texts is None:
            self._texts = await asyncio.to_thread(load)
        return self._texts

    # -- what they say

    async def modes(self, cwd: vscode.Uri) -> tuple[Mode, ...]:
        """The modes that there are: a project's before the user's before ours."""
        own = await asyncio.to_thread(built_in_modes, await self.texts())
        project = vscode.Uri.join_path(cwd, PROJECT_MODES)
        users = [vscode.Uri.join_path(places.home(), ".roo", OWN_MODES)]
        if self._storage is not None:
            users.append(vscode.Uri.join_path(self._storage, "settings", OWN_MODES))
        layers = await asyncio.gather(_modes(project, "project"), *(_modes(one, "global") for one in users))
        given = vscode.workspace.get_configuration("coder").get("customModes")
        setting = await asyncio.to_thread(listed_modes, given, "coder.customModes", "global")
        found = [*layers, setting]
        self.tell(problem for one in found for problem in one.problems)
        return merged(own, *(one.modes for one in found))

    async def mode(self, cwd: vscode.Uri, slug: str) -> Mode | None:
        """The mode of that name."""
        return next((mode for mode in await self.modes(cwd) if mode.slug == slug), None)

    async def rules(self, cwd: vscode.Uri, mode: str, wishes: Wishes) -> Rules:
        """What the system prompt says of rules."""
        rules = await gather(cwd, places.home(), mode, wishes)
        self.tell(rules.problems)
        return rules

    async def commands(self, cwd: vscode.Uri) -> Sequence[SlashCommand]:
        """The slash commands that there are."""
        found, problems = await slash_commands(cwd, places.home(), await self.texts())
        self.tell(problems)
        return found

    async def skills(self, cwd: vscode.Uri, mode: str) -> Sequence[Skill]:
        """The skills of a mode."""
        found, problems = await skills(cwd, places.home(), mode)
        self.tell(problems)
        return found

    async def access(self, cwd: vscode.Uri) -> Access:
        """What the agent may see. Rules that cannot be read close everything: nobody knows what they would close."""
        try:
            text = await read_text(vscode.Uri.join_path(cwd, IGNORE_FILE))
        except TooLarge as error:
            self.tell([f"{error}. Until then the agent sees no file"])
            text = "*"
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
        return vscode.Disposable.from_(self._watch(cwd, WATCHED), *(self._watch(top, "**") for top in own))

    def _watch(self, top: vscode.Uri, pattern: str) -> vscode.Disposable:
        watcher = vscode.workspace.create_file_system_watcher(vscode.RelativePattern(top, pattern))
        tell: Callable[[Any], None] = lambda _: self.changed.fire(None)  # noqa: E731
        watcher.on_did_create(tell)
        watcher.on_did_change(tell)
        watcher.on_did_delete(tell)
        return watcher


async def _modes(file: vscode.Uri, source: str) -> Found:
    try:
        text = await read_text(file)
    except TooLarge as error:
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
