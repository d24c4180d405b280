"""Dispatch: the requests of one connection, from a valid call to its one answer, or to a cancellation."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

from host import large, problems, wire
from host.contract import Method
from host.methods import CONTRACT
from host.presence import Presence
from host.voice import Voice
from sessions.errors import FileSystemError

if TYPE_CHECKING:
    from host.connection import Connection


Key = tuple[str, object]
"""Whose request, and its id."""


class Dispatch:
    """Runs methods for a connection, each as a task of the session that it is for, and sends what they come to."""

    __slots__ = ("_connection", "_running")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._running: dict[Key, asyncio.Task[None]] = {}
        """Requests that are being worked on: what `$/cancelRequest` can reach, and what ends with the connection."""

    def at_once(self, call: wire.Call, method: Method, params: dict[str, Any], voice: Voice) -> str | None:
        """The answer of a method that waits for nothing."""
        try:
            text = wire.result(call.id, voice.uid, method.handler(voice, **params))
        except (Exception, SystemExit) as error:  # noqa: BLE001  the edge of a request
            return refused(call, voice.uid, problems.explain(error))
        return text if call.wants_answer else None

    def start(self, call: wire.Call, method: Method, params: dict[str, Any], voice: Voice) -> None:
        """Begin a method that may wait; its answer is sent once it is there."""
        host, presence = self._connection.host, voice.presence
        presence.in_flight += 1
        key: Key = (voice.uid, call.id)
        if not call.wants_answer or key in self._running:  # nobody can name it
            key = (voice.uid, object())
        work = self._perform(call, method, params, voice, key)
        session = voice.open_session
        task = host.tasks.start(work, method.name) if session is None else session.start(work, method.name)
        self._running[key] = task
        task.add_done_callback(lambda done: self._performed(done, call, key, presence))

    def works_for(self, uid: str) -> bool:
        """Whether a request of that user is being worked on."""
        return any(whose == uid for whose, _ in self._running)

    def cancel(self, call: wire.Call, voice: Voice) -> str | None:
        """`$/cancelRequest`: the request that it names ends, if it is still worked on."""
        target = call.params.get("id")
        if type(target) not in (str, int) or call.params.keys() != {"id"}:
            text = "id: the id of the request to cancel, and nothing else"
            return refused(call, voice.uid, problems.Problem(wire.INVALID_PARAMS, 422, text))
        task = self._running.get((voice.uid, target))
        if task is not None:
            task.cancel()
        return wire.result(call.id, voice.uid, None) if call.wants_answer else None

    def leave(self) -> None:
        """The connection is gone: what runs for it ends, but for what extensions do."""
        for task in list(self._running.values()):
            if not CONTRACT[task.get_name()].acts:
                task.cancel()

    def silence(self, uid: str) -> None:
        """The connection may not speak for that user any more: what it asked as them ends."""
        for task in [task for (whose, _), task in self._running.items() if whose == uid]:
            task.cancel()

    async def _perform(self, call: wire.Call, method: Method, params: dict[str, Any], voice: Voice, key: Key) -> None:
        try:
            session = await voice.opened()
        except Exception as error:  # noqa: BLE001  the edge of a request: the disk may be full, or the user's file broken
            await self._tell(refused(call, voice.uid, problems.explain(error)), key)
            return
        with session.entered():
            async with session.gate if method.gated else nullcontext():
                await self._tell(await self._outcome(call, method, params, voice), key, voice if method.acts else None)
        if method.name == "session.open":
            voice.speak()

    async def _outcome(
        self, call: wire.Call, method: Method, params: dict[str, Any], voice: Voice
    ) -> str | large.Pieces | None:
        text: str | large.Pieces
        try:
            value = await method.handler(voice, **params)
            if large.is_large(value):
                held = [value]
                del value  # it is the thread's to free
                text = await asyncio.to_thread(large.written, call.id, voice.uid, held)
                size = sum(map(len, text))
            else:
                text = wire.result(call.id, voice.uid, value)
                size = len(text)
            if size > wire.LARGEST_FRAME:
                raise FileSystemError("the answer does not fit a frame of 16 MiB", "Unavailable", size=size)
        except TypeError as error:
            return _unencodable(call, voice, error)
        except (Exception, SystemExit) as error:  # noqa: BLE001  the edge of a request: an extension's sys.exit(), too
            return refused(call, voice.uid, problems.explain(error))
        return text if call.wants_answer else None

    async def _tell(self, text: str | large.Pieces | None, key: Key | None = None, after: Voice | None = None) -> None:
        """Send what a request (`key`) came to, `after` what a voice has to tell; it cannot be cancelled any more."""
        if key is not None and self._running.get(key) is asyncio.current_task():
            del self._running[key]
        if after is not None and text is not None:
            await after.told()
        with suppress(OSError):  # the client went; what was done is done
            await self._connection.send(text)

    def _performed(self, task: asyncio.Task[None], call: wire.Call, key: Key, presence: Presence) -> None:
        presence.in_flight -= 1
        presence.let_go_if_unused()
        if self._running.get(key) is not task:
            return  # it was answered
        del self._running[key]
        if task.cancelled() and call.wants_answer and not self._connection.closed:  # maybe before it began
            text = wire.failure(call.id, key[0], wire.CANCELLED, "cancelled")
            self._connection.host.tasks.start(self._tell(text), "answer what was cancelled")


def refused(call: wire.Call, uid: str, problem: problems.Problem) -> str | None:
    """The answer that says why not; None to who wants no answer."""
    if not call.wants_answer:
        return None
    return wire.failure(call.id, uid, problem.code, problem.message, problem.data)


def _unencodable(call: wire.Call, voice: Voice, error: TypeError) -> str | None:
    command = call.params.get("command")
    if call.method != "commands.executeCommand" or not isinstance(command, str):
        return refused(call, voice.uid, problems.unforeseen(error))
    text = f"the result of {command!r} is not JSON: {error}"
    return refused(call, voice.uid, problems.Problem(wire.COMMAND_FAILED, 409, text, {"command": command}))
