"""SessionContext: one user's world while they are here. It speaks through its mailbox and knows no socket."""

from __future__ import annotations

import asyncio
import contextvars
import secrets
import weakref
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sessions.backstage import Backstage
from sessions.ceiling import Ceiling
from sessions.current import Turn, set_turn, with_user
from sessions.errors import SandboxUnavailable, SessionClosed
from sessions.files import Files
from sessions.inotify import Instances
from sessions.mailbox import Mailbox
from sessions.memento import Memento
from sessions.queueing import Line
from sessions.quotas import Allowance, Quotas
from sessions.records import Records
from sessions.requests import Requests
from sessions.rounds import Rounds
from sessions.sandbox import Sandbox
from sessions.secrets import Secrets, Vault
from sessions.settings import Settings
from sessions.settingsfile import SettingsFile
from sessions.store import Store
from sessions.tasks import Tasks
from sessions.turns import Turns

if TYPE_CHECKING:
    from sessions.models import Models
    from sessions.web import Web

T = TypeVar("T")

AGENTS = 16
"""How many agents go at the same time where no host says."""

LOOKS = 8
"""How many short works, such as looking at a repository, go at the same time on a host."""


class SessionContext:
    """What one user owns: files, state, secrets, settings, mailbox and running work.

    `get(Kind)` gives the session's one object of a kind, made by `Kind(session)` on first use: that is where the
    shim keeps its state. Everything that runs for the user is started here and ends with the session.
    """

    __slots__ = (
        "__weakref__",
        "_awake",
        "_clients",
        "_closing",
        "_gate",
        "_mementos",
        "_of",
        "_records",
        "_sandbox",
        "_secrets",
        "_tasks",
        "_vault",
        "agents",
        "allowance",
        "backstage",
        "ceiling",
        "context",
        "files",
        "home",
        "idle_since",
        "in_flight",
        "inotify",
        "keep_terminals_s",
        "looks",
        "mailbox",
        "make_sandbox",
        "models",
        "pin",
        "quotas",
        "requests",
        "rounds",
        "session_id",
        "settings",
        "single_user",
        "storage",
        "store",
        "turns",
        "uid",
        "web",
        "workspace",
    )

    def __init__(
        self,
        uid: str,
        *,
        files: Files,
        store: Store,
        vault: Vault,
        quotas: Quotas,
        allowance: Allowance,
        group: asyncio.TaskGroup,
        failed: Callable[[str, str, BaseException], None],
        workspace: str = "/workspace",
        storage: str = "/home/.local/share/roost",
        home: str = "/home",
        single_user: bool = False,
        make_sandbox: Callable[[], Coroutine[Any, Any, Sandbox]] | None = None,
        backstage: Backstage | None = None,
        turns: Turns | None = None,
        inotify: Instances | None = None,
        keep_terminals_s: float | None = None,
        models: Models | None = None,
        web: Web | None = None,
        ceiling: Ceiling | None = None,
        pin: Callable[[str, bool], Coroutine[Any, Any, None]] | None = None,
        agents: Line | None = None,
        looks: Line | None = None,
        rounds: Rounds | None = None,
    ) -> None:
        self.uid = uid
        self.session_id = secrets.token_urlsafe(12)
        self.files = files
        self.store = store
        self.quotas = quotas
        self.allowance = allowance
        """What the user has on disk and may still add."""
        self.workspace = workspace
        """The path of the workspace folder, as the user's own code names it."""
        self.storage = storage
        """Where the user's extensions keep files of their own, as a path of the user's world."""
        self.home = home
        """The user's home folder, as a path of their world."""
        self.single_user = single_user
        self.make_sandbox = make_sandbox
        """Makes `sandbox()`; None where nothing of the user may run."""
        self._sandbox: asyncio.Future[Sandbox] | None = None
        self.backstage = backstage
        """Where extensions keep what the user's processes must not touch; None where there is no such place."""
        self.turns = turns or Turns()
        """Whose terminal is read next, over all users of the host."""
        self.inotify = inotify or Instances()
        """What watches files, for all users of the host."""
        self.keep_terminals_s = keep_terminals_s
        """How long a terminal lives that nobody looks at, in seconds; None: until its shell ends."""
        self.models = models
        """The host's language models; None where there are none."""
        self.web = web
        """What fetches pages for the user; None where nothing may leave."""
        self.ceiling = ceiling or Ceiling()
        """What the operator lays down for agents."""
        self.pin = pin
        """Notes durably what the host is to open this session for, by `awake`'s names; None where no host does."""
        self.agents = agents or Line(AGENTS)
        """Whose agent goes next, over all users of the host."""
        self.looks = looks or Line(LOOKS)
        """Who goes next at short works that many would do at once, such as looking at a repository."""
        self.rounds = rounds or Rounds()
        """Whose short works the loop does next, over all users of the host."""
        self.mailbox = Mailbox(store, uid, meter=allowance)
        self.settings = Settings(store, SettingsFile(files, workspace, partial(_keep_settings, weakref.ref(self))))
        self.requests = Requests()
        self.in_flight = 0
        """Requests of the user that are being worked on now."""
        self.idle_since = 0.0
        """When the session was last seen with nothing to do; 0.0 while it is busy. Kept by the manager."""
        self.context = contextvars.Context()
        """A context in which it is this user's turn; copy it to run something in it."""
        self.context.run(set_turn, Turn(uid, self))
        self._vault = vault
        self._tasks = Tasks(group, lambda name, error: failed(uid, name, error))
        self._of: dict[type[Any], Any] = {}
        self._mementos: dict[tuple[str, str], Memento] = {}
        self._secrets: dict[str, Secrets] = {}
        self._records: dict[str, Records] = {}
        self._gate: asyncio.Semaphore | None = None
        self._clients = 0
        self._awake = 0
        self._closing = False

    # -- whose turn it is

    @contextmanager
    def entered(self, extension: str | None = None) -> Iterator[None]:
        """Run the body as this user, and as `extension` where one is named."""
        with with_user(self.uid, self, extension):
            yield

    # -- what it owns

    def get(self, kind: type[T]) -> T:
        """The session's one object of this class, made by `kind(session)` on first use."""
        found: T | None = self._of.get(kind)
        if found is None:
            made: Any = kind
            found = self._of[kind] = made(self)
        return found

    def peek(self, kind: type[T]) -> T | None:
        """The object that `get` would give, or None where nobody asked for it yet."""
        return self._of.get(kind)

    def forget_extension(self, extension: str) -> None:
        """An extension is gone: whatever `get` made forgets what it registered, if it has a `forget_extension`."""
        for made in list(self._of.values()):
            forget = getattr(made, "forget_extension", None)
            if forget is not None:
                forget(extension)

    async def memento(self, namespace: str, scope: str) -> Memento:
        """The loaded state of one namespace ('client' or an extension's id); `scope` is 'global' or 'workspace'."""
        found = self._mementos.get((namespace, scope))
        if found is None:
            fresh = Memento(self.store, namespace, scope, meter=self.allowance)
            await fresh.load()
            found = self._mementos.setdefault((namespace, scope), fresh)
            if found is fresh:
                fresh.count()
        return found

    def records(self, namespace: str) -> Records:
        """The records of one extension; another's, and another user's, are out of reach."""
        if namespace not in self._records:
            self._records[namespace] = Records(self.store, self.mailbox, namespace, self.allowance)
        return self._records[namespace]

    def secrets(self, namespace: str) -> Secrets:
        """The secrets of one namespace; another namespace's, and another user's, are out of reach."""
        if namespace not in self._secrets:
            self._secrets[namespace] = Secrets(self._vault, namespace)
        return self._secrets[namespace]

    @property
    def gate(self) -> asyncio.Semaphore:
        """How many requests of this user may hold large contents in memory at once."""
        if self._gate is None:
            self._gate = asyncio.Semaphore(8)
        return self._gate

    async def sandbox(self) -> Sandbox:
        """Where the user's processes run, made on first use. Raises `SandboxUnavailable` where none may."""
        if self.make_sandbox is None:
            raise SandboxUnavailable(f"nothing of {self.uid} may run here: this session has no sandbox")
        if self._sandbox is None or (self._sandbox.done() and self._made_sandbox is None):
            self._sandbox = self.promise(self.make_sandbox(), "sandbox")
        return await asyncio.shield(self._sandbox)

    def allow(self, quotas: Quotas) -> None:
        """Other limits from now on. What is there already stays; the next sandbox takes those of its processes."""
        self.quotas = quotas
        self.allowance.allow(quotas)

    def held(self) -> dict[int, int]:
        """Bytes of memory that each of the user's processes holds, by its number in there. Blocks."""
        sandbox = self._made_sandbox
        return {} if sandbox is None else sandbox.memory()

    @property
    def _made_sandbox(self) -> Sandbox | None:
        made = self._sandbox
        if made is None or not made.done() or made.cancelled() or made.exception() is not None:
            return None
        return made.result()

    # -- its running work

    def start(self, work: Coroutine[Any, Any, object], name: str, extension: str | None = None) -> asyncio.Task[None]:
        """Run `work` as this user until it ends or the session does; a failure ends only it, and the user is told."""
        self._refuse_when_closing(work)
        return self._tasks.start(work, name, self._context_of(extension), extension)

    def promise(self, work: Coroutine[Any, Any, T], name: str, extension: str | None = None) -> asyncio.Future[T]:
        """Start `work` as this user at once; the future may be awaited or not (VS Code's Thenable)."""
        self._refuse_when_closing(work)
        return self._tasks.promise(work, name, self._context_of(extension), extension)

    async def end_work(self, extension: str) -> None:
        """Cancel what runs of an extension, and wait a while until it has ended: the extension is gone."""
        await self._tasks.end(extension)

    def _refuse_when_closing(self, work: Coroutine[Any, Any, object]) -> None:
        if self._closing:
            work.close()
            raise SessionClosed(f"the session of {self.uid} is ending; ask again for a new one")

    def _context_of(self, extension: str | None) -> contextvars.Context:
        context = self.context.copy()
        if extension is not None:
            context.run(set_turn, Turn(self.uid, self, extension))
        return context

    def runs(self, task: asyncio.Task[Any]) -> bool:
        """Whether a task is work of this session."""
        return task in self._tasks

    # -- is anybody here

    def client(self) -> Callable[[], None]:
        """A connection of the user is here: the session does not sleep until the undo is called."""
        self._clients += 1
        return self._once(self._client_left)

    def _client_left(self) -> None:
        self._clients -= 1

    def keep_awake(self) -> Callable[[], None]:
        """Ask that the session does not sleep; returns the undo, which may be called twice."""
        self._awake += 1
        return self._once(self._may_sleep)

    def _may_sleep(self) -> None:
        self._awake -= 1

    @staticmethod
    def _once(undo: Callable[[], None]) -> Callable[[], None]:
        left = [undo]
        return lambda: left.pop()() if left else None

    @property
    def clients(self) -> int:
        """How many connections of the user follow this session."""
        return self._clients

    @property
    def busy(self) -> bool:
        """Whether something would be lost or missed if the session slept now."""
        return bool(self._clients or self._awake or self.in_flight or len(self._tasks))

    @property
    def closing(self) -> bool:
        """The session is ending: ask the manager for a new one."""
        return self._closing

    async def close(self) -> None:
        """End the user's work and release what the session holds, whatever of it fails to; stored things stay."""
        self._closing = True
        self.requests.withdraw()
        async with AsyncExitStack() as rest:  # done from the last to the first
            rest.callback(self._let_go)
            rest.callback(self.settings.close)
            rest.callback(self.files.close)
            rest.push_async_callback(self.files.forget)
            rest.push_async_callback(self.store.close)
            rest.push_async_callback(self.mailbox.close)
            rest.push_async_callback(self._end_sandbox)
            if self.backstage is not None:
                rest.push_async_callback(self.backstage.close)
            rest.push_async_callback(self._end_made)
            await self._tasks.close()

    async def _end_made(self) -> None:
        async with AsyncExitStack() as rest:
            for made in reversed(self._of.values()):
                if (close := getattr(made, "close", None)) is not None:
                    rest.push_async_callback(close)

    async def _end_sandbox(self) -> None:
        if (sandbox := self._made_sandbox) is not None:
            await sandbox.close()

    def _let_go(self) -> None:
        self._of.clear()
        self._sandbox = None
        self.context = contextvars.Context()  # the one before holds this, as does whatever runs in it


def _keep_settings(session: weakref.ref[SessionContext], work: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
    """Write settings in a session, which holds them."""
    here = session()
    assert here is not None, "whoever has a session's settings has the session"
    return here.promise(work, "keep settings")
