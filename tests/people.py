"""Real sessions of several users in a folder of the test's own, with the extensions of a loader. No socket is here."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from textwrap import dedent

from host.loader import Loader
from sessions.context import SessionContext
from sessions.files import Files, Root
from sessions.manager import SessionManager
from sessions.quotas import Allowance, Quotas
from sessions.secrets import SealedVault
from sessions.store import Databases
from sessions.tasks import Tasks

Failure = tuple[str, str, Exception]


@asynccontextmanager
async def people(
    folder: Path, loader: Loader | None = None, quotas: Quotas | None = None
) -> AsyncIterator[SessionManager]:
    """The sessions of a host whose data is in `folder`, ended after the body; work that failed fails the test."""
    failures: list[Failure] = []
    key = os.urandom(32)
    loader = loader or loads()
    await asyncio.to_thread(loader.find)
    async with asyncio.TaskGroup() as group:
        databases = Databases(folder / "users", Tasks(group, lambda name, error: failures.append(("", name, error))))

        async def make(uid: str) -> SessionContext:
            return await asyncio.to_thread(session_of, folder, uid, databases, group, key, failures, quotas)

        sessions = SessionManager(make, opened=loader.begin, ending=loader.end)
        loader.using = sessions.using
        try:
            yield sessions
        finally:
            await sessions.close_all()
            await databases.close()
            loader.close()
    assert not failures, failures


def session_of(
    folder: Path,
    uid: str,
    databases: Databases,
    group: asyncio.TaskGroup,
    key: bytes,
    failures: list[Failure],
    quotas: Quotas | None = None,
) -> SessionContext:
    """A session of real parts, not begun."""
    place = folder / "users" / uid
    place.mkdir(parents=True, exist_ok=True)
    root, quotas, store = Root(place / "root"), quotas or Quotas(), databases.store(uid)
    allowance = Allowance(quotas, root.usage)
    return SessionContext(
        uid,
        files=Files(root, uid, meter=allowance),
        store=store,
        vault=SealedVault(store, key, uid, allowance),
        quotas=quotas,
        allowance=allowance,
        group=group,
        failed=lambda *failure: failures.append(failure),
    )


@contextmanager
def alone(folder: Path, uid: str) -> Iterator[SessionContext]:
    """A session outside of any loop, for what needs a user and none of their work."""
    group = asyncio.TaskGroup()
    session = session_of(folder, uid, Databases(folder, Tasks(group, lambda *_: None)), group, bytes(32), [])
    yield session
    session.files.close()


def extension(folder: Path, name: str, manifest: str = "", **files: str) -> Path:
    """An extension `acme.<name>` in a package of that name; `files` are modules by name, `__` for a folder's `/`."""
    place = folder / name
    place.mkdir(parents=True)
    head = f'name = "{name}"\npublisher = "acme"\nversion = "1.0.0"\n'
    (place / "extension.toml").write_text(head + dedent(manifest))
    for module, text in files.items():
        file = place / f"{module.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
    return place


def loads(*folders: Path, **options: float) -> Loader:
    """A loader of the extensions in these folders, and of no others."""
    return Loader(folders, (), builtin=None, **options)
