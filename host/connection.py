"""One WebSocket: frames in, answers and events out, for the users that it may speak for. It decides nothing else."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from host import large, problems, wire
from host.auth import BadToken, User
from host.channels import Channels, Reached
from host.dispatch import Dispatch, refused
from host.limits import Bucket, retry_after_ms
from host.methods import CONTRACT
from host.voice import SLOW_READER, Voice
from sessions.context import SessionContext
from sessions.current import UID
from sessions.errors import InvalidValue, Overloaded, QuotaExceeded

if TYPE_CHECKING:
    from host.app import Host

log = logging.getLogger("roost.connection")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BAD_TOKEN = 4401
NOT_YOURS = 4403
TOO_MANY = 4429
RESTARTING = 1012
UNREADABLE = 1008
TOO_BIG = 1009

AUTHENTICATE_WITHIN_S = 10.0
STUCK_AFTER_S = 30.0
"""A client that takes nothing for so long is a slow reader; its events are kept for when it comes back."""

QUIET_S = 30
"""Seconds after which a connection keeps another user awake no more, for whom it says and of whom it hears nothing."""

UNREADABLE_FRAMES = 10
TURN = 16
"""Frames that are answered before everybody else gets a turn of the loop."""
LONG = 8 << 10
"""Characters of a frame that count as one more of them."""

REFUSALS = 100
"""Refused requests after which a flooding connection is read again only after a pause of 10 ms."""


class Closed(Exception):
    """The connection is to be closed with a code, or is closed already."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """One socket and the voices that speak on it.

    A frame that can be answered at once is answered before the next is read, so that a client that does not read is
    not read either. Everything else runs as a task of the session that it is for.
    """

    __slots__ = (
        "_buckets",
        "_channels",
        "_dispatch",
        "_full_until",
        "_moved_at",
        "_receive",
        "_refusals",
        "_seen_sent",
        "_send",
        "_sends",
        "_sent",
        "_taken",
        "_unreadable",
        "_voices",
        "address",
        "asked",
        "closed",
        "host",
        "opened_at",
        "reached",
        "reader",
        "user",
    )

    def __init__(
        self,
        host: Host,
        receive: Receive,
        send: Send,
        asked: str | None = None,
        reached: Reached | None = None,
        address: str = "",
    ) -> None:
        self.host = host
        self.address = address
        """Where the client reached this host: `http://name:port`, and the path that it is mounted at."""
        self.asked = asked
        """The `?uid=` that it was opened with: whoever authenticates on it must be allowed to speak for that."""
        self.reached = reached
        """Asks how far the client is with what it was sent, where the socket can tell."""
        self.user: User | None = None
        self.closed = False
        self.opened_at = time.monotonic()
        self.reader = asyncio.current_task()
        self._dispatch = Dispatch(self)
        self._receive = receive
        self._send = send
        self._sends = self._sent = self._seen_sent = 0
        self._moved_at = self.opened_at
        self._unreadable = 0
        self._refusals = 0
        self._voices: dict[str, Voice] = {}
        self._buckets: tuple[Bucket, ...] = ()
        self._channels: Channels | None = None
        self._taken = 0
        self._full_until = 0.0

    # -- its life

    async def run(self, user: User | None) -> None:
        """Serve until the client goes, or something closes the connection."""
        try:
            if user is not None:
                self._begin(user)
            await self._serve()
        except Closed as end:
            await self.close(end.code, end.reason)
        except OSError:
            pass  # the client went while something was being sent
        finally:
            self.closed = True
            self._leave()

    def _begin(self, user: User) -> None:
        """From now on the connection speaks for `user`."""
        voice = Voice(self, user.uid)
        try:
            voice.presence.check_room()
        except QuotaExceeded as error:
            voice.leave()
            raise Closed(TOO_MANY, str(error)) from None
        voice.presence.connections.add(self)
        self._voices[user.uid] = voice
        self.user = user
        self.keep_pace()

    def keep_pace(self) -> None:
        """Begin to count what its user may ask in a second, by the limits that count now."""
        presence = self._voices[self.user.uid].presence if self.user and self.user.uid in self._voices else None
        rate = presence.quotas.requests_per_second if presence else None
        self._buckets = (Bucket(rate, 2 * rate), presence.bucket) if rate and presence and presence.bucket else ()
        self._full_until = 0.0

    def _leave(self) -> None:
        self._dispatch.leave()
        for voice in self._voices.values():
            voice.leave()
        self._voices.clear()
        self._channels = None
        del self._dispatch  # each would keep the other, and there is nothing more to dispatch

    async def _serve(self) -> None:
        turn = 0
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return
            text = message.get("text")
            if self.user is not None and text is not None and len(text) <= large.LARGE:
                reply = self._take(text)  # nearly every frame there is
            else:
                reply = await self._reply(message)
            if reply is not None:
                await self.send(reply)
            turn += 1 + (len(text) // LONG if text is not None else 0)
            if turn >= TURN:
                turn = 0
                await self._yield_turn()

    async def _reply(self, message: Message) -> str | None:
        """What can be answered at once to one frame."""
        text: str | None = message.get("text")
        pieces: large.Pieces | None = message.get(large.TEXT)
        size = len(message["bytes"] if text is None else text) if pieces is None else sum(map(len, pieces))
        if size > wire.LARGEST_FRAME:
            raise Closed(TOO_BIG, "a frame is at most 16 MiB")
        if pieces is not None:
            return await self._take_large(pieces)
        if size > large.LARGE and text is not None:
            return await self._take_large(text)
        if self.user is None:
            return await self._authenticate(text or "")
        return self._take_binary(message["bytes"]) if text is None else self._take(text)

    async def _yield_turn(self) -> None:
        """Count the turn's frames against the rates, and let everybody else run.

        Who is over a rate is refused until there is room again; whose requests are mostly refused also waits a little.
        """
        if self._buckets:
            now = time.monotonic()
            wait = max(bucket.spend(now, self._taken) for bucket in self._buckets)
            self._full_until = now + wait if wait else 0.0
            self._taken = 0
        pause = 0.01 if self._refusals >= REFUSALS else 0
        if pause:
            self._refusals = 0
        await asyncio.sleep(pause)

    # -- what comes in

    def _take(self, text: str) -> str | None:
        """One frame of an authenticated connection; returns what can be answered at once."""
        try:
            return self._read(wire.decode(text))
        except wire.WireError as error:
            return self._mistaken(error)

    async def _take_large(self, text: str | large.Pieces) -> str | None:
        """The same of one that takes long to read. Nobody sends such before they have said who they are."""
        if self.user is None:
            return self._unread("send `session.authenticate` first: until then a message is at most 256 KiB")
        try:
            message = await asyncio.to_thread(large.read, text)
        except wire.WireError as error:
            return self._mistaken(error)
        return self._read(message)

    def _mistaken(self, error: wire.WireError) -> str:
        if error.code == wire.PARSE_ERROR:
            return self._unread(str(error))
        self._unreadable = 0
        return self._failure(error.id, None, error.code, str(error))

    def _read(self, message: wire.Call | wire.Answer) -> str | None:
        self._unreadable = 0
        if type(message) is wire.Answer:
            self._answered(message)
            return None
        assert type(message) is wire.Call
        return self._called(message)

    def _take_binary(self, data: bytes) -> str | None:
        """Input for a terminal, or an acknowledgement of output; only what is wrong is answered."""
        uid = None
        try:
            frame = wire.decode_binary(data)
            uid = self.channels.uid_of(frame.channel)
            self._unreadable = 0
            self._taken += 1
            if frame.kind == wire.INPUT and (wait := self._full_until - time.monotonic()) > 0:
                raise Overloaded("too many requests a second", retry_after_ms(wait))
            self.channels.take(frame)
        except wire.WireError as error:
            return self._unread(str(error)) if error.code == wire.PARSE_ERROR else self._unframed(uid, error)
        except (InvalidValue, Overloaded) as error:
            self._refusals += 1
            problem = problems.explain(error)
            return wire.failure(None, uid or self._own_uid, problem.code, problem.message, problem.data)
        return None

    def _unframed(self, uid: str | None, error: wire.WireError) -> str:
        self._unreadable = 0
        return self._failure(None, uid, error.code, str(error))

    @property
    def _own_uid(self) -> str | None:
        return self.user.uid if self.user else None

    @property
    def channels(self) -> Channels:
        """The terminals that are shown on this connection."""
        if self._channels is None:
            self._channels = Channels(self)
        return self._channels

    def shows(self, session: SessionContext | None) -> bool:
        """Whether a terminal of that session is shown here."""
        return self._channels is not None and self._channels.shows(session)

    def lose_channels(self, session: SessionContext | None) -> None:
        """The connection speaks for that session no more."""
        if self._channels is not None:
            self._channels.lose(session)

    def _unread(self, why: str) -> str:
        self._unreadable += 1
        if self._unreadable >= UNREADABLE_FRAMES:
            raise Closed(UNREADABLE, f"{UNREADABLE_FRAMES} unreadable messages in a row")
        return self._failure(None, None, wire.PARSE_ERROR, why)

    def _called(self, call: wire.Call) -> str | None:
        """A request or notification: whose it is, whether there is room, and then the method."""
        voice = self._voices.get(call.uid) if call.uid else None
        if voice is None:
            found = self._voice_for(call)
            if type(found) is str:
                return found if call.wants_answer or call.uid is None else None
            assert type(found) is Voice
            voice = found
        if call.method == "$/cancelRequest":
            return self._dispatch.cancel(call, voice)
        if self._full_until and (wait := self._full_until - time.monotonic()) > 0:
            self._refusals += 1
            return refused(call, voice.uid, problems.overloaded("too many requests a second", retry_after_ms(wait)))
        self._taken += 1
        voice.quiet = 0
        self.host.isolation.turns.note(voice.uid)
        method = CONTRACT.get(call.method)
        if method is None:
            text = f"{call.method[:100]}: no such method; `rpc.discover` lists them"
            return refused(call, voice.uid, problems.Problem(wire.METHOD_NOT_FOUND, 404, text))
        try:
            params = method.params.model_validate(call.params).__dict__ if call.params or not method.bare else {}
        except ValidationError as error:
            return refused(call, voice.uid, problems.invalid(error))
        if method.inline:
            return self._dispatch.at_once(call, method, params, voice)
        if (problem := self._no_room(voice)) is not None:
            return refused(call, voice.uid, problem)
        self._dispatch.start(call, method, params, voice)
        return None

    def _no_room(self, voice: Voice) -> problems.Problem | None:
        """Why no more work is begun for this user now, if so."""
        if self.host.draining:
            return problems.overloaded("the host is draining", 1_000)
        limit = voice.presence.quotas.requests_in_flight
        if limit is not None and voice.presence.in_flight >= limit:
            self._refusals += 1
            return problems.overloaded(f"{limit} requests are in flight", 50)
        return None

    def _voice_for(self, call: wire.Call) -> Voice | str:
        """The voice for the call's uid if the connection may speak for it, else the refusal."""
        assert self.user is not None
        uid = call.uid
        if uid is None:
            if not self.host.config.multi_user:
                return self._voices[self.user.uid]
            text = "uid: missing; every message carries the uid that it is for"
            return self._failure(call.id, self.user.uid, wire.INVALID_REQUEST, text)
        if not self.user.may_speak_for(uid):
            return self._failure(call.id, self.user.uid, wire.NOT_YOURS, "uid: this connection may not speak for it")
        if not UID.fullmatch(uid):
            text = f"uid: must fully match {UID.pattern}"
            return self._failure(call.id, self.user.uid, wire.INVALID_REQUEST, text)
        voice = self._voices[uid] = Voice(self, uid)
        return voice

    def _answered(self, answer: wire.Answer) -> None:
        """A client's answer to a request of the host: only a voice of that very user can give it."""
        assert self.user is not None
        uid = answer.uid if answer.uid is not None or self.host.config.multi_user else self.user.uid
        voice = self._voices.get(uid) if uid is not None else None
        session = voice.open_session if voice is not None else None
        if session is not None:
            session.requests.answer(answer.id, answer.result, answer.error)

    # -- who it is

    async def _authenticate(self, text: str) -> str | None:
        """The first message of a connection that brought no token."""
        try:
            message = wire.decode(text)
        except wire.WireError as error:
            return self._unread(str(error)) if error.code == wire.PARSE_ERROR else _refusal(error)
        if type(message) is not wire.Call or message.method != "session.authenticate":
            waits = type(message) is wire.Call and message.wants_answer
            text = "send `session.authenticate` first"
            return wire.failure(message.id, message.uid, wire.NOT_AUTHENTICATED, text) if waits else None
        token = message.params.get("token")
        if not isinstance(token, str) or message.params.keys() != {"token"}:
            return wire.failure(message.id, message.uid, wire.INVALID_PARAMS, "token: a string, and nothing else")
        try:
            user = await self.host.user_of_token(token)
        except BadToken as error:
            await self.send(wire.failure(message.id, message.uid, wire.NOT_AUTHENTICATED, str(error)))
            raise Closed(BAD_TOKEN, str(error)) from None
        if not all(user.may_speak_for(uid) for uid in (self.asked, message.uid) if uid is not None):
            text = "uid: the token is somebody else's"
            await self.send(wire.failure(message.id, message.uid, wire.NOT_YOURS, text))
            raise Closed(NOT_YOURS, text)
        self._begin(user)
        return wire.result(message.id, user.uid, {"uid": user.uid}) if message.wants_answer else None

    def trust(self, user: User) -> None:
        """A new token of the connection's own user: for whom it may not speak any more, it is silent from now on."""
        self.user = user
        for uid in [uid for uid in self._voices if not user.may_speak_for(uid)]:
            self._dispatch.silence(uid)
            self._voices.pop(uid).leave()

    def let_rest(self) -> None:
        """Let go of other users who are spoken for no more, so that they can sleep; called once a second."""
        for uid, voice in list(self._voices.items()) if len(self._voices) > 1 else ():
            voice.quiet += 1
            unused = voice.quiet > QUIET_S and not voice.is_listening and not self._dispatch.works_for(uid)
            if unused and uid != self._own_uid:
                self._voices.pop(uid).leave()

    def overdue(self, now: float, wall: float) -> tuple[int, str] | None:
        """Why the connection is to be closed now, if it is: `now` is monotonic, `wall` is seconds since 1970."""
        if self.user is None:
            late = now - self.opened_at > AUTHENTICATE_WITHIN_S
            return (BAD_TOKEN, f"no token within {AUTHENTICATE_WITHIN_S:g} s") if late else None
        if self.user.expires is not None and wall >= self.user.expires:
            return (BAD_TOKEN, "the token has expired; connect again with a new one")
        if self._sent != self._seen_sent or self._sends == self._sent:
            self._seen_sent, self._moved_at = self._sent, now
        elif now - self._moved_at > STUCK_AFTER_S:
            return (SLOW_READER, f"nothing was read for {STUCK_AFTER_S:g} s; connect again with `after`")
        return None

    # -- what goes out

    async def send(self, text: str | large.Pieces | None) -> None:
        """Send one frame, waiting while the client does not read. Raises OSError once the client is gone."""
        if text is not None and not self.closed:
            self._sends += 1
            try:
                await self._send({"type": "websocket.send", **self._told(text)})
            except RuntimeError as error:
                self._closed_by(error)
            self._sent += 1

    def _told(self, text: str | large.Pieces) -> dict[str, Any]:
        """A text as the server takes it; one that is not ours takes a large one only as a whole."""
        if isinstance(text, str):
            return {"text": text}
        return {"text": b"".join(text).decode()} if self.reached is None else {large.TEXT: text}

    async def send_bytes(self, data: bytes) -> None:
        """Send one binary frame, as `send` does a text."""
        if not self.closed:
            self._sends += 1
            try:
                await self._send({"type": "websocket.send", "bytes": data})
            except RuntimeError as error:
                self._closed_by(error)
            self._sent += 1

    def _closed_by(self, error: RuntimeError) -> None:
        """A server refuses what comes after the goodbye; that waited for a client who did not read."""
        if not self.closed:
            raise error
        raise ConnectionAbortedError("the connection was closed before this could be sent") from error

    async def end(self, code: int, reason: str) -> None:
        """Close with a code, and cut the connection when the client takes not even that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STUCK_AFTER_S):
                await self.close(code, reason)
        self.stop()

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye with a code; a client that does not read gets it when it reads again, or never."""
        if self.closed:
            return
        self.closed = True
        with suppress(OSError, RuntimeError):  # it was gone already
            await self._send({"type": "websocket.close", "code": code, "reason": reason[:120]})

    def stop(self) -> None:
        """End the connection's task: its socket is closed by the server."""
        if self.reader is not None:
            self.reader.cancel()

    def _failure(self, id_: wire.Id, uid: str | None, code: int, message: str) -> str:
        return wire.failure(id_, uid or self._own_uid, code, message)


def _refusal(error: wire.WireError) -> str:
    return wire.failure(error.id, None, error.code, str(error), error.data)
