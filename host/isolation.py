"""What users' processes run in on this host: the level that holds here, found by trying, and each user's sandbox."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from host import caller
from host.config import Config
from sessions import backstage, cgroups, python, ripgrep, startup
from sessions.disk import Disk
from sessions.egress import Egress, Internal
from sessions.errors import RoostError, SandboxUnavailable
from sessions.inotify import Instances
from sessions.jail import Network
from sessions.levels import INSTALL, ISOLATED, NONE, OFF, WEAKER, Level, check, probe
from sessions.quotas import Quotas
from sessions.sandbox import Limits, Sandbox, World
from sessions.tasks import Tasks
from sessions.tenants import Tenants
from sessions.turns import Turns
from sessions.web import Web

log = logging.getLogger("roost.isolation")

COUNTED_AT_ONCE = 2
"""Users whose files are counted at a time: each takes a thread, and the disk's attention."""


class Isolation:
    """One host's level and network. Nothing is tried before somebody wants to know.

    `internal` answers what sandboxes ask of `roost.internal`.
    """

    def __init__(self, config: Config, tasks: Tasks, internal: Internal | None = None) -> None:
        self.turns = Turns()
        self.inotify = Instances()
        self.counting = asyncio.Semaphore(COUNTED_AT_ONCE)
        """Taken while a user's disk is counted."""
        self._config = config
        self._tasks = tasks
        self._users = config.data / "users"
        self._tools = config.data / "tools"
        self._tenants = Tenants(config.data) if config.multi_user and os.geteuid() == 0 else None
        self._groups: cgroups.Cgroups | None = None
        self._found: asyncio.Future[tuple[Level, Network]] | None = None
        allow = config.terminals.egress_allow
        self._egress = Egress(("*",) if allow is None else allow, internal=internal)
        self.web = Web(self._egress) if config.terminals.network != "none" else None
        """Fetches pages for users; None where nothing of theirs may leave."""

    def close(self) -> None:
        """Let nobody out any more; the sandboxes have ended before."""
        self._egress.close()
        self.turns.close()

    async def found(self) -> tuple[Level, Network]:
        """The level in force and the network that sandboxes get, tried until that could be told once."""
        found = self._found
        if found is None or (found.done() and (found.cancelled() or found.exception() is not None)):
            found = self._found = self._tasks.promise(self._find(), "isolation")
        return await asyncio.shield(found)

    async def told(self) -> caller.Isolation:
        """What is in force, as clients are told."""
        level, network = await self.found()
        works = level.form is not None and network in level.networks
        return {"level": level.name, "terminals": works, "network": network if works else "none"}

    async def _find(self) -> tuple[Level, Network]:
        await asyncio.to_thread(startup.write, self._tools)
        await asyncio.to_thread(ripgrep.provide, self._tools)
        await asyncio.to_thread(python.provide, self._tools)
        if self._config.multi_user:
            self._groups = await asyncio.to_thread(cgroups.find)
        level = await self._level()
        network = self._network(level)
        if level.form is None or network not in level.networks:
            log.warning("%s", level.refusal(network))
        return level, network

    async def _level(self) -> Level:
        asked = self._config.terminals.isolation
        if not self._config.multi_user and asked in ("auto", "none"):
            return OFF
        if asked == "auto":
            return await probe(self._users)
        level = ISOLATED if asked == "bubblewrap" else WEAKER
        try:
            await check(level, self._users)
        except (RoostError, OSError) as error:
            return replace(NONE, reason=f"{asked}: {error}; write auto to take what there is")
        return level

    def _network(self, level: Level) -> Network:
        """What was asked for, else the most that is safe: the host's own network is for one user alone."""
        asked = self._config.terminals.network
        if asked != "auto":
            return asked
        if level is OFF:
            return "host"
        return "proxy" if "proxy" in level.networks else "none"

    # -- one user's

    async def owner(self, uid: str) -> int | None:
        """The OS uid that the user's files and processes have; None: the host's own."""
        return await asyncio.to_thread(self._tenants.owner, uid) if self._tenants else None

    async def sandbox(
        self, uid: str, folder: Path, workspace: str, owner: int | None, quotas: Quotas, tasks: Tasks,
        ended: Callable[[str], None], disk: Disk | None = None,
    ) -> Sandbox:  # fmt: skip
        """The sandbox of a user whose things are in `folder`; nothing of it runs before it is used."""
        level, network = await self.found()
        if level.form == "none":
            world = World(uid, {}, folder / "run", None, str(Path.home()), workspace, self._tools)
        else:
            world = World.of_user(uid, folder, owner, self._tools)
        limits = limits_of(quotas) if self._config.multi_user else None
        gate, groups = self._egress, self._groups
        return Sandbox(world, level, network, limits, tasks, gate=gate, groups=groups, disk=disk, ended=ended)

    async def beside(
        self, uid: str, workspace: str, owner: int | None, quotas: Quotas, tasks: Tasks, folder: Path
    ) -> Sandbox:
        """The sandbox of a place beside a user's world: it sees the place and the real `workspace`, and no network."""
        level, _ = await self.found()
        if level.form == "landlock":  # each start of one there ends whatever else has the user's OS uid
            raise SandboxUnavailable(f"a second sandbox of a user cannot be had at the level {level.name}: {INSTALL}")
        await asyncio.to_thread(backstage.prepare, folder, owner)
        if level.form == "none":
            world = World(uid, {}, folder / "run", None, str(folder / "files"), workspace)
            return Sandbox(world, level, "host", None, tasks)
        limits = limits_of(quotas) if self._config.multi_user else None
        world = backstage.world(uid, folder, workspace, owner)
        return Sandbox(world, level, "none", limits, tasks, groups=self._groups)


def limits_of(quotas: Quotas) -> Limits:
    """A user's quotas as limits of their processes; where there is no quota, the usual limit stays."""
    given = {"processes": quotas.processes, "memory": quotas.memory}
    known = {name: value for name, value in given.items() if value is not None}
    return replace(Limits(), file_bytes=largest_file(quotas), **known)


def largest_file(quotas: Quotas) -> int:
    """How large one file of a user's processes may be, in bytes."""
    return min(bound for bound in (quotas.bytes, Limits().file_bytes) if bound is not None)
