"""SessionFactory: what a user's session on this host is made of."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host import awake, logs
from host.isolation import largest_file
from sessions import backstage
from sessions.backstage import Backstage
from sessions.ceiling import Ceiling
from sessions.context import SessionContext
from sessions.descriptors import make_folders
from sessions.disk import Disk, Usage
from sessions.errors import RoostError
from sessions.files import Files, Root
from sessions.quotas import Allowance
from sessions.sandbox import Sandbox
from sessions.secrets import MakeVault
from sessions.tasks import Tasks
from sessions.values import writable

if TYPE_CHECKING:
    from host.app import Host


class SessionFactory:
    """Makes sessions of a host. `group` runs their work, `vault_of` gives what seals a user's secrets."""

    def __init__(self, host: Host, group: asyncio.TaskGroup, vault_of: MakeVault) -> None:
        self._host = host
        self._group = group
        self._vault_of = vault_of

    async def make(self, uid: str) -> SessionContext:
        """A user's session; nothing of it runs yet."""
        host, config = self._host, self._host.config
        single = not config.multi_user
        folder = config.data / "users" / uid
        owner = await host.isolation.owner(uid)
        root = await asyncio.to_thread(_root_of, folder, single, owner)
        quotas, security = host.quotas_of(uid), config.security
        workspace = str(config.workspace or Path.cwd()) if single else "/workspace"
        usage = partial(backstage.usage, root, folder / "backstage")
        allowance = Allowance(quotas, usage)
        disk = partial(self._disk, uid, folder, usage, allowance, owner)
        real = workspace if single else str(folder / "root" / "workspace")
        beside = partial(host.isolation.beside, uid, real, owner, quotas, self._tasks_of(uid))
        store = host.databases.store(uid)
        return SessionContext(
            uid,
            files=Files(root, uid, meter=allowance, cache=host.cache),
            store=store,
            vault=self._vault_of(store, allowance),
            quotas=quotas,
            allowance=allowance,
            group=self._group,
            failed=self._failed,
            workspace=workspace,
            storage=str(folder / "storage") if single else "/home/.local/share/roost",
            home=os.environ.get("HOME") or "/" if single else "/home",
            single_user=single,
            make_sandbox=partial(self._sandbox, uid, folder, workspace, owner, disk),
            backstage=Backstage(folder / "backstage", beside, allowance),
            turns=host.isolation.turns,
            inotify=host.isolation.inotify,
            models=host.models,
            web=host.isolation.web,
            ceiling=Ceiling(
                security.allowed_commands,
                security.denied_commands,
                security.file_access.allowed_paths,
                security.file_access.denied_paths,
            ),
            pin=partial(awake.mark, folder),
            agents=host.agents,
            looks=host.looks,
            rounds=host.rounds,
            keep_terminals_s=config.sessions.keep_terminals_s,
        )

    def _tasks_of(self, uid: str) -> Tasks:
        return Tasks(self._group, partial(self._failed, uid))

    async def _sandbox(
        self, uid: str, folder: Path, workspace: str, owner: int | None, disk: Callable[[], Disk]
    ) -> Sandbox:
        host, tasks, ended = self._host, self._tasks_of(uid), partial(self._sandbox_ended, uid)
        watched = disk() if host.config.multi_user else None
        return await host.isolation.sandbox(uid, folder, workspace, owner, host.quotas_of(uid), tasks, ended, watched)

    def _disk(self, uid: str, folder: Path, usage: Usage, allowance: Allowance, owner: int | None) -> Disk:
        told = partial(self._tell, uid, "session.onDidExceedQuota")
        turn, most = self._host.isolation.counting, largest_file(self._host.quotas_of(uid))
        return Disk(allowance, usage, folder, told, turn, most=most, owner=owner)

    def _sandbox_ended(self, uid: str, reason: str) -> None:
        """A user's sandbox went down by itself, with all that ran in it: they are told."""
        self._tell(uid, "session.onDidEndSandbox", {"message": reason})

    def _failed(self, uid: str, name: str, error: BaseException) -> None:
        """A task of a session ended with an error: only it ended, and the log and the user are told."""
        logs.session_task_failed(uid, name, error)
        told = {"task": name, "message": writable(f"{type(error).__name__}: {error}"[:500])}
        self._tell(uid, "session.onDidFailTask", told)

    def _tell(self, uid: str, kind: str, data: dict[str, Any]) -> None:
        """An event for the user, if they are here."""
        session = self._host.sessions.get(uid)
        if session is not None and not session.closing:
            with suppress(RoostError):  # too many of theirs wait for the disk already: the log has it
                session.mailbox.post(kind, data)


def _root_of(folder: Path, single: bool, owner: int | None) -> Root:
    make_folders(folder, 0o711)
    return Root(None if single else folder / "root", owner=None if owner is None else (owner, owner))
