"""Commands that take settings and modes in, as Roo Code exports them, and give modes out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import shim as vscode
from extensions.coder import modes_exchange
from extensions.coder.agent_files import OWN_MODES, PROJECT_MODES, AgentFiles
from extensions.coder.roo_settings import exported
from extensions.coder.task import Json
from shim.proposed import places
from shim.proposed.http import Invalid, NotFound

LARGEST = 8 << 20
"""Bytes of a file that is chosen."""


class Exchange:
    """The commands, each with one object of camelCase fields as its argument."""

    def __init__(self, files: AgentFiles) -> None:
        self._files = files

    @property
    def commands(self) -> dict[str, Callable[[Json], Awaitable[Any]]]:
        return {
            "coder.importSettings": self.take_settings,
            "coder.importModes": self.take_modes,
            "coder.exportMode": self.give_mode,
        }

    async def take_settings(self, given: Json) -> Json:
        """Change settings to what an export says; those that break a rule stay as they are, and are named."""
        found = exported(await self._export(given))
        settings = vscode.workspace.get_configuration("coder")
        taken, left_out = [], list(found.left_out)
        for name, value in found.settings.items():
            try:
                await settings.update(name, value, vscode.ConfigurationTarget.GLOBAL)
            except Invalid as error:
                left_out.append(str(error))
            else:
                taken.append(f"coder.{name}")
        return {"taken": sorted(taken), "leftOut": left_out}

    @staticmethod
    async def _export(given: Json) -> Json:
        settings = given.get("settings")
        if settings is None:
            try:
                settings = await asyncio.to_thread(json.loads, await _chosen("JSON", ["json"]))
            except (ValueError, RecursionError) as error:
                raise Invalid("settings", f"the file is no JSON: {error}") from None
        if not isinstance(settings, dict):
            raise Invalid("settings", "must be the object that Roo Code exports")
        return settings

    async def take_modes(self, given: Json) -> Json:
        """Put modes into the project's file, or the user's own."""
        where = given.get("where", "project")
        if where not in ("project", "global"):
            raise Invalid("where", "must be 'project' or 'global'")
        text = given.get("text")
        text = await _chosen("Modes", ["yaml", "yml", "json"]) if text is None else text
        if not isinstance(text, str):
            raise Invalid("text", "must be the text of a file of modes")
        done = await modes_exchange.taken_in(text, _place(where))
        self._files.forget()
        return {"modes": list(done.modes), "files": list(done.files), "leftOut": list(done.left_out)}

    async def give_mode(self, given: Json) -> Json:
        """A mode with its rules, as a text for `coder.importModes` here or there."""
        slug = str(given.get("slug", ""))
        mode = await self._files.mode(_folder(), slug)
        if mode is None:
            raise NotFound(f"there is no mode {slug[:80]!r}: coder.listModes lists them")
        return {"text": await modes_exchange.exported(mode, _place(mode.source).rules)}


def _place(source: str) -> modes_exchange.Place:
    """Where the modes of a source are kept; those that come with the agent have their rules in the project."""
    if source == "global":
        own = vscode.Uri.join_path(places.home(), ".roo")
        return modes_exchange.Place(vscode.Uri.join_path(own, OWN_MODES), own)
    return modes_exchange.Place(vscode.Uri.join_path(_folder(), PROJECT_MODES), vscode.Uri.join_path(_folder(), ".roo"))


def _folder() -> vscode.Uri:
    folders = vscode.workspace.workspace_folders
    if not folders:
        raise Invalid("workspace", "there is no folder to work in: open one")
    return folders[0].uri


async def _chosen(what: str, endings: list[str]) -> str:
    """The text of a file that the user chooses. Raises `Invalid` where they choose none."""
    uris = await vscode.window.show_open_dialog(title="What Roo Code exported", filters={what: endings})
    if not uris:
        raise Invalid("settings" if what == "JSON" else "text", "must be given, or a file be chosen")
    if (await vscode.workspace.fs.stat(uris[0])).size > LARGEST:
        raise Invalid("file", f"may have {LARGEST} bytes")
    return (await vscode.workspace.fs.read_file(uris[0])).decode("utf-8-sig", "replace")
