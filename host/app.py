"""Host: the ASGI app that is the product. `async with host` starts and stops it; mount it, or let `roost` serve it."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from host import api, extension_routes, links, logs, page, webviews
from host.allotments import EVERYBODY, Allotments
from host.auth import Authenticator, BadToken, User
from host.awake import Waker
from host.cache import FileCache
from host.config import Config, ConfigError, load
from host.connection import RESTARTING, Connection
from host.door import serve_socket
from host.edge import Edge
from host.factory import SessionFactory
from host.folder import locked
from host.guard import Guard
from host.health import DatabaseProbe
from host.isolation import Isolation
from host.keeping import Keeper
from host.ledger import Ledger
from host.loader import Loader
from host.models import Pool
from host.presence import Presence
from host.preview import Preview, place_of
from host.providers.hosts import HostProviders
from host.published import Published
from host.relay import Relay
from host.routes import Table, not_found, routes
from host.tenure import Tenure
from host.totals import NAME
from host.version import installed_version
from host.watchdog import Watchdog
from sessions.context import LOOKS, SessionContext
from sessions.manager import SessionManager
from sessions.queueing import Line
from sessions.quotas import Quotas
from sessions.rounds import Rounds
from sessions.secrets import choose_vault
from sessions.store import Databases, Store
from sessions.tasks import Tasks

log = logging.getLogger("roost.host")

Authenticate = Callable[[HTTPConnection], "User | Awaitable[User | None] | None"]
"""An embedder's hook: a request or socket -> who it is, or None to refuse."""

TOGETHER = 50
"""Users who get other limits in one turn of the loop: 2 ms."""

CACHE_BYTES = 64 * 1024 * 1024


class NotStarted(RuntimeError):
    """The host was mounted but never started."""


class Host:
    """One process's sessions behind one ASGI app.

    Standalone it answers the ASGI lifespan itself. Mounted in another app nobody runs its lifespan: put
    `async with host:` into the embedder's. `authenticate` takes the place of `auth.*`: it gets Starlette's
    `HTTPConnection` and returns a `User` or None, directly or as a coroutine.
    """

    def __init__(self, config: Config, authenticate: Authenticate | None = None) -> None:
        self.config = config
        self.version = installed_version()
        self.authenticate = authenticate
        self.connections: set[Connection] = set()
        self.draining = False
        self.leaving = asyncio.Event()
        """Set when the host begins to drain, for those who wait for something else meanwhile."""
        self.started_at = 0.0
        self._authenticator = Authenticator(config) if config.auth.jwt is not None else None
        self._probe = DatabaseProbe(config.data)
        self._presences: dict[str, Presence] = {}
        self._edge = Edge(self._inside, Guard(config.server))
        self._preview = Preview(self)
        self._webviews = webviews.Webviews(self)
        self._links = links.Links(self)
        self._page = page.Page(self)
        paths = [*routes(self, api.TABLE), *_typed(config.server.base_path)]
        self._router = Router(paths, default=not_found, redirect_slashes=False)
        self._stack: AsyncExitStack | None = None
        self.tasks: Tasks
        self.published: Published
        self.isolation: Isolation
        self.keeper: Keeper
        self.databases: Databases
        self.books: Store
        """The host's own rows."""
        self.allotments: Allotments
        self.ledger: Ledger
        self.models: Pool
        self.sessions: SessionManager
        self.loader: Loader
        self.waker: Waker
        self.watchdog: Watchdog
        self.cache = FileCache(CACHE_BYTES)
        self.agents = Line(config.agents_running, config.weight_of)
        """Whose agent's task runs next."""
        self.looks = Line(LOOKS)
        """Who goes next at short works that many would do at once."""
        self.rounds = Rounds()
        """Whose short works the loop does next."""
        self._day = ""

    def _serve(self, rows: Table) -> Callable[[], None]:
        """Serve the endpoints of extensions, too, until the undo is called."""
        added = routes(self, rows)
        self.published = Published(self.tasks, self.version, Table([*api.TABLE, *rows]))
        self._router.routes.extend(added)

        def undo() -> None:
            self._router.routes[:] = [one for one in self._router.routes if one not in added]

        return undo

    # -- its life

    async def __aenter__(self) -> Host:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(locked(self.config.data))
            group = await stack.enter_async_context(asyncio.TaskGroup())
            self.tasks = Tasks(group, logs.task_failed)
            stack.push_async_callback(self.tasks.close)
            self.isolation = Isolation(self.config, self.tasks, Relay(self._router).serve)
            stack.callback(self.isolation.close)
            vault_of = await choose_vault(self.config.data, os.environ, multi_user=self.config.multi_user)
            self.keeper = keeper = Keeper(self.config.data, self.config.backups, lambda uid: self.sessions.get(uid))
            self.databases = Databases(
                self.config.data / "users", self.tasks, idle_s=2.0, keep=self.config.backups.keep, told=keeper.rescued
            )
            stack.push_async_callback(self.databases.close)
            books = Databases(self.config.data / "host", self.tasks)
            stack.push_async_callback(books.close)
            self.books = book = books.store(NAME)
            self.allotments = Allotments(self.config, book)
            await self.allotments.begin()
            self.ledger = Ledger(self.config, book, self.databases.store)
            await self.ledger.begin()
            self._day = self.ledger.today
            hosts = HostProviders(self.config.ai_providers, vault_of(book, None))
            await hosts.begin()
            self.models = Pool(self.config, self.ledger, hosts=hosts)
            stack.push_async_callback(self.models.close)
            self.loader = Loader.of(self.config)
            await asyncio.to_thread(self.loader.find)
            stack.callback(self.loader.close)
            stack.callback(self._serve(extension_routes.table(self.loader.installed.values(), api.TABLE)))
            self.sessions = SessionManager(
                SessionFactory(self, group, vault_of).make,
                sleep_after_s=self.config.sessions.sleep_after_s,
                opened=self._opened,
                ending=self.loader.end,
            )
            self.loader.using = self.sessions.using
            self.waker = Waker(self.config.data, self.sessions, self.loader)
            self.watchdog = stack.enter_context(Watchdog(self.loader, self.sessions))
            stack.push_async_callback(self.sessions.close_all)
            stack.push_async_callback(self.drain)
            self.tasks.start(self._sweep(), "sweep")
            self.tasks.start(self._put_to_sleep(), "put sessions to sleep")
            self.tasks.start(keeper.run(), "backups")
            tenure = stack.enter_context(Tenure(lambda: not self.connections and not self.agents.running))
            self.tasks.start(tenure.watch(), "collect garbage")
            self.tasks.start(self.waker.wake(), "wake who has work")
            self._stack = stack.pop_all()
        self.started_at = time.monotonic()
        if self.config.multi_user and self.authenticate is None and not self.wants_token:
            log.warning(
                "no authentication is configured: whoever reaches this host is believed who ?uid= says they are"
            )
        return self

    async def __aexit__(self, *failure: Any) -> None:
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif self._stack is None:
            raise NotStarted(
                "this host is not started: put `async with host:` into the lifespan of the app that mounts it"
            )
        else:
            scope = _below(self.config.server.base_path, scope)
            place = place_of(scope)
            # An address with a ticket or a webview's key in it says all: it is asked by pages whose origin is nobody's.
            app = self._preview if place and place.ticket else self._webviews if _is_file(scope) else self._edge
            await app(scope, receive, send)

    async def _inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request that may come from where it does."""
        if place_of(scope) is not None:
            await self._preview(scope, receive, send)
        elif webviews.place_of(scope) is not None:
            await self._webviews(scope, receive, send)
        elif links.place_of(scope) is not None:
            await self._links(scope, receive, send)
        elif page.asset_of(scope) is not None:
            await self._page(scope, receive, send)
        elif scope["type"] == "websocket":
            await serve_socket(self, scope, receive, send)
        else:
            await self._router(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan, for a server that runs this app alone."""
        await receive()
        try:
            await self.__aenter__()
        except ConfigError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.__aexit__(None, None, None)
        await send({"type": "lifespan.shutdown.complete"})

    async def drain(self, within_s: float = 5.0) -> None:
        """Take no new work, let what runs end, and tell every client (1012)."""
        if self.draining:
            return
        self.draining = True
        self.leaving.set()
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline and any(one.in_flight for one in self._presences.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        farewells = [
            one.close(RESTARTING, "the host is draining; connect again in a moment") for one in self.connections
        ]
        try:
            async with asyncio.timeout(2):
                await asyncio.gather(*farewells)
        except TimeoutError:
            pass  # who does not read is not waited for
        for one in list(self.connections):
            one.stop()

    async def _sweep(self) -> None:
        """Once a second: close what is overdue, and let those go on who wait for money that is there now."""
        while True:
            await asyncio.sleep(1)
            self._look_at_connections()
            self._preview.tickets.sweep()
            if self._day != self.ledger.today:
                self._day = self.ledger.today
                self.tasks.start(self.waker.budget_changed(), "wake who waits for a new day")
            elif self.ledger.take_freed():
                self.tasks.start(self.waker.budget_changed(), "wake who waits for the host's money")

    def _look_at_connections(self) -> None:
        """Close what is overdue. By itself, as whoever sleeps between two looks would hold the last one until then."""
        now, wall = time.monotonic(), time.time()
        for connection in list(self.connections):
            connection.let_rest()
            overdue = connection.overdue(now, wall)
            if overdue is not None:
                self.tasks.start(connection.end(*overdue), "close an overdue connection")

    async def _put_to_sleep(self) -> None:
        """Once a second, beside `_sweep`: an extension may take its time to end, and tokens expire meanwhile."""
        while True:
            await asyncio.sleep(1)
            await self.sessions.sweep()

    async def _opened(self, session: SessionContext) -> None:
        await self.loader.begin(session)
        await self.keeper.opened(session)
        await self.waker.opened(session)
        session.allow(self.quotas_of(session.uid))  # an administrator may have set others meanwhile

    # -- who is here

    def presence(self, uid: str) -> Presence:
        """What is counted of a user while anything of theirs is here."""
        self.isolation.turns.note(uid)
        found = self._presences.get(uid)
        if found is None:
            found = self._presences[uid] = Presence(uid, self.quotas_of(uid), self._presences)
        return found

    @property
    def ready(self) -> bool:
        """Whether users are taken: started, and not draining."""
        return self._stack is not None and not self.draining

    def quotas_of(self, uid: str) -> Quotas:
        """A user's limits by the configuration, and by what an administrator set above it."""
        return self.allotments.of(uid)

    async def allot(self, uid: str, limits: dict[str, int | None], by: str) -> None:
        """Set a user's limits, or with `*` everybody's: they count at once, durably, for those who are here, too."""
        await self.allotments.set(uid, limits, by)
        here = {*self._presences, *(session.uid for session in self.sessions)} if uid == EVERYBODY else {uid}
        for number, one in enumerate(here, 1):
            self._allow(one)
            if number % TOGETHER == 0:
                await asyncio.sleep(0)

    def _allow(self, uid: str) -> None:
        quotas, presence, session = self.quotas_of(uid), self._presences.get(uid), self.sessions.get(uid)
        if session is not None:
            session.allow(quotas)
        if presence is not None:
            presence.allow(quotas)
            for connection in presence.connections:
                if isinstance(connection, Connection):
                    connection.keep_pace()

    async def user_of_token(self, token: str) -> User:
        """Whose token it is. Raises `BadToken` with a reason that may be told."""
        if self._authenticator is None:
            raise BadToken("no authentication is configured here: connect with ?uid=")
        return await asyncio.to_thread(self._authenticator.user_of_token, token)

    @property
    def wants_token(self) -> bool:
        """Whether a token decides who somebody is."""
        return self._authenticator is not None

    def query_of(self, uid: str) -> str:
        """What an address of this host must end with for a user, where nothing else says who it is."""
        says = self.wants_token or self.authenticate is not None or not self.config.multi_user
        return "" if says else f"uid={quote(uid, safe='')}"

    async def ask_embedder(self, connection: HTTPConnection) -> User | None:
        """The embedder's word on who it is."""
        assert self.authenticate is not None
        answer = self.authenticate(connection)
        return await answer if inspect.isawaitable(answer) else answer

    async def database_works(self) -> bool:
        """Whether a state database can be written now; asked at most once in five seconds."""
        return await self._probe.works()


def _below(base: str, scope: Scope) -> Scope:
    """The scope with `server.base_path` as its root path, where the proxy in front has left that in the path."""
    root = scope.get("root_path", "")
    if not base or not scope["path"].removeprefix(root).startswith(f"{base}/"):
        return scope
    return {**scope, "root_path": root + base}


def _typed(base: str) -> list[Route]:
    """The base path as people type it, without its last slash: they are sent to the page."""
    return [Route(base, lambda request: RedirectResponse(f"{request.scope['root_path']}{base}/"))] if base else []


def _is_file(scope: Scope) -> bool:
    """Whether it asks for a file of a webview, by the webview's key."""
    place = webviews.place_of(scope)
    return place is not None and place.file is not None


def create_app(config: Config | None = None, authenticate: Authenticate | None = None) -> Host:
    """A host to serve or to mount. Without a config it takes the defaults, `ROOST_*` and nothing else."""
    return Host(config or load({}, os.environ, None), authenticate)
