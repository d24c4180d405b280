"""One user on one connection: what a method knows as its caller, and where events leave. It reads no frame."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from host import wire
from host.auth import NotYours
from host.caller import Isolation
from sessions.context import SessionContext
from sessions.errors import FellBehind, SessionClosed
from sessions.follower import Follower
from sessions.terminal import Terminal
from shim.address import Address

if TYPE_CHECKING:
    from host.connection import Connection

log = logging.getLogger("roost.connection")

TURN = 32
"""Events that are sent before everybody else gets a turn of the loop."""

SHOWN_WITHIN_S = 1.0
"""How long an answer waits for the events before it to be on the disk; one that is full keeps them longer."""

SLOW_READER = 4408
"""The close code for who reads too slowly; its events are kept for when it comes back."""


class Voice:
    """One user on one connection: what a method knows as its caller, and where the user's events leave."""

    __slots__ = (
        "_asked",
        "_flow",
        "_follower",
        "_hearing",
        "_leaving",
        "_left",
        "_news",
        "_next",
        "_said",
        "_undo",
        "connection",
        "open_session",
        "presence",
        "quiet",
        "uid",
    )

    def __init__(self, connection: Connection, uid: str) -> None:
        self.connection = connection
        self.uid = uid
        self.presence = connection.host.presence(uid)
        self.presence.voices += 1
        self.quiet = 0
        """Seconds since a message of this user came here, as its connection counts them."""
        self.open_session: SessionContext | None = None
        self._next: Follower | None = None
        self._follower: Follower | None = None
        self._flow: asyncio.Task[None] | None = None
        self._news = self._left = False
        self._said = 0
        """The number of the newest event that the follower's client was sent."""
        self._hearing: list[tuple[int, asyncio.Future[None]]] = []
        self._asked: dict[str, None] = {}
        self._undo: list[Callable[[], None]] = []
        self._leaving: list[Callable[[], None]] = []

    # -- what a method sees (host.caller.Caller)

    @property
    def session(self) -> SessionContext:
        """The user's open session."""
        if self.open_session is None:
            raise SessionClosed("the session is not open yet")
        return self.open_session

    @property
    def version(self) -> str:
        """The host's version."""
        return self.connection.host.version

    async def authenticate(self, token: str) -> str:
        """Take a new token of the connection's own user, which replaces the one that it has."""
        user, known = await self.connection.host.user_of_token(token), self.connection.user
        if known is None or user.uid != known.uid:
            raise NotYours("token: it is somebody else's; open a connection of its own for it")
        self.connection.trust(user)
        return user.uid

    async def document(self) -> dict[str, Any]:
        """The OpenRPC document of this host."""
        return await self.connection.host.published.openrpc()

    async def isolation(self) -> Isolation:
        """How the user's processes are kept apart."""
        return await self.connection.host.isolation.told()

    def show(self, terminal: Terminal, after: int | None) -> tuple[int, int]:
        """Send the output once this request is answered; returns the channel, and the offset that it begins at."""
        if self.connection.closed:
            raise SessionClosed("the connection is gone; connect again and attach")
        channel = self.connection.channels.show(self.session, terminal, after)
        return channel.number, channel.viewer.offset

    def hide(self, terminal: Terminal) -> None:
        """Send that terminal's output no more, and let it go on without this viewer."""
        self.connection.channels.hide(terminal)

    def when_gone(self, undo: Callable[[], None]) -> None:
        """Call `undo` once this connection follows the session no more."""
        if self.connection.closed or self.open_session is None:
            undo()
        else:
            self._leaving.append(undo)

    async def progress(self, token: str | int, value: object) -> None:
        """Send `$/progress` for a request that gave this token; waits while its reader is slow."""
        await self.connection.send(wire.notification(self.uid, "$/progress", {"token": token, "value": value}))

    def report(self, what: str, error: Exception) -> None:
        """Log a failure that the caller is told of in a sentence only."""
        log.warning("%s failed", what, exc_info=error)

    def follow(self, after: int | None) -> tuple[bool, int]:
        """Send the user's events from after `after`; they start once the answer is out (`speak`)."""
        self._next = self.session.mailbox.follow(after)
        return self._next.resumed, self.session.mailbox.seq

    # -- its session

    async def opened(self) -> SessionContext:
        """The user's session, opened or woken if need be."""
        session = self.open_session
        if session is None or session.closing:
            self._let_go()
            session = await self.connection.host.sessions.open(self.uid)
            if self.open_session is None and not self.connection.closed and not self._left:
                self.open_session = session
                self._undo.append(session.client())
                session.get(Address).note(self.connection.address, self.connection.host.query_of(self.uid))
        return session

    @property
    def is_listening(self) -> bool:
        """Whether the client hears of this user without asking: events, watches or terminals."""
        follows = self._next is not None or self._follower is not None
        return follows or bool(self._leaving) or self.connection.shows(self.open_session)

    def _let_go(self) -> None:
        if self._flow is not None:
            self._flow.cancel()
        for undo in (*self._leaving, *self._undo):
            undo()
        self._leaving.clear()
        self._undo.clear()
        self.connection.lose_channels(self.open_session)
        self._flow = self._follower = self.open_session = None
        self._asked = {}
        self._let_pass()

    def leave(self) -> None:
        """The connection ends, or may not speak for the user any more: nothing of it stays in the session, or comes."""
        self._left = True
        self._let_go()
        self.presence.voices -= 1
        self.presence.connections.discard(self.connection)
        self.presence.let_go_if_unused()

    # -- what the user hears

    def speak(self) -> None:
        """From now on events and the host's requests go out; an earlier following of this connection ends."""
        session, self._follower = self.open_session, self._next
        if session is None or self._follower is None:
            return
        self._said = self._follower.seq
        if len(self._undo) == 1:
            self._undo += [session.mailbox.listen(self._wake), session.requests.listen(self._wake)]
        self._wake()

    def _wake(self) -> None:
        """There may be something to send. No task waits for that: one runs while there is."""
        self._news = True
        session = self.open_session
        if self._flow is None and session is not None and not session.closing:
            self._flow = session.start(self._send_news(session), "what a connection follows")

    async def _send_news(self, session: SessionContext) -> None:
        try:
            while self._news:
                self._news = False
                await self._send_requests(session)
                await self._send_events()
        except FellBehind:
            await self.connection.end(SLOW_READER, "events were lost to you meanwhile; connect again with `after`")
        except OSError:
            pass  # the client went
        finally:
            if self._flow is asyncio.current_task():  # else that one has been let go of, and another may run
                self._flow = None
                self._let_pass()

    async def _send_events(self) -> None:
        while (follower := self._follower) is not None and (batch := await follower.read()):
            for number, event in enumerate(batch, 1):
                await self.connection.send(wire.event(self.uid, event.seq, event.type, event.data_json))
                if self._follower is not follower:
                    break  # the client follows anew, from where it said
                self._said = event.seq
                if self._hearing:
                    self._let_pass(event.seq)
                if number % TURN == 0:
                    await asyncio.sleep(0)

    async def told(self) -> None:
        """Return once who follows was sent what was posted before this: what they are sent next comes after it."""
        session, follower = self.open_session, self._follower
        if session is None or follower is None:
            return
        await session.mailbox.all_shown(SHOWN_WITHIN_S)
        if self._follower is not follower or self._said >= session.mailbox.seq:
            return
        self._wake()
        if self._flow is not None:
            heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._hearing.append((session.mailbox.seq, heard))
            await heard

    def _let_pass(self, seq: int | None = None) -> None:
        """Let go on who waits until event `seq`, or any at all, was sent."""
        waiting, self._hearing = self._hearing, []
        for wanted, heard in waiting:
            if seq is not None and wanted > seq:
                self._hearing.append((wanted, heard))
            elif not heard.done():
                heard.set_result(None)

    async def _send_requests(self, session: SessionContext) -> None:
        """What was asked of the user's clients since this one was told, and what need not be answered any more."""
        waiting = {one.id: one for one in session.requests.waiting}
        told, self._asked = self._asked, dict.fromkeys(waiting)
        for one in waiting.values():
            if one.id not in told:
                await self.connection.send(wire.request(one.id, self.uid, one.method, one.params))
        for id_ in told:
            if id_ not in waiting:
                await self.connection.send(wire.notification(self.uid, "$/cancelRequest", {"id": id_}))
