"""One user's activations: each extension is activated once, in limited time, and undone whole. It finds none."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

from host.aside import aside
from host.collecting import Loads, Turn, Unloads
from host.discovery import Installed
from host.modules import Copies
from sessions.errors import RoostError, SessionClosed
from sessions.values import writable
from shim.context import ExtensionContext
from shim.extensions import Extensions
from shim.thenable import called

if TYPE_CHECKING:
    from sessions.context import SessionContext

log = logging.getLogger("roost.loader")

LOADS = 2
"""How many users' modules are run at the same time: they share the interpreter with the loop."""

FAILED = "extensions.onDidFailToActivate"
"""The event that tells a user of a failed activation: `{id, message}`."""


class ActivationFailed(RoostError):
    """An extension could not be activated for a user; it is tried again when it is next asked for."""

    def __init__(self, extension: str, reason: str) -> None:
        super().__init__(f"extension '{extension}' failed to activate: {reason}")
        self.extension = extension
        self.reason = reason


class TookTooLong(RoostError):
    """An extension did not begin or end in its time."""


class Rules:
    """What all activations of one host go by; times are in seconds."""

    __slots__ = ("activate_s", "deactivate_s", "disabled", "installed", "load_s", "loads", "slots", "unloads")

    def __init__(self, activate_s: float, deactivate_s: float, load_s: float) -> None:
        self.activate_s = activate_s
        self.deactivate_s = deactivate_s
        self.load_s = load_s
        """Longer than `activate` has: it is all computing, so it takes long where the machine has much to do, and in a
        thread, so nobody else waits."""
        self.installed: Mapping[str, Installed] = MappingProxyType({})
        """The extensions that can be activated, by lower-case id."""
        self.disabled: dict[tuple[str, str | None], str] = {}
        """Why an extension is not activated, by its lower-case id and the user's uid; uid None is everybody."""
        self.slots = asyncio.Semaphore(LOADS)
        self.loads = Loads()
        self.unloads = Unloads(self.loads)


class Activations:
    """One user's activations, those that run and those that are done, by lower-case id."""

    __slots__ = ("_contexts", "_ended", "_entries", "_running", "_session", "rules")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._running: dict[str, asyncio.Future[Any]] = {}
        self._contexts: dict[str, ExtensionContext] = {}
        self._entries: dict[str, ModuleType] = {}
        self._ended = False
        self.rules: Rules
        """Given by the loader before all else."""

    async def activate(self, extension: str) -> Any:
        """Activate an extension, once however many ask, and return its exports. Raises `ActivationFailed`.

        Who stops waiting does not stop the activation.
        """
        one = self.rules.installed.get(extension.lower())
        if one is None:
            raise ActivationFailed(extension, "it is not installed here")
        if self._ended:
            raise SessionClosed(f"the session of {self._session.uid} is ending; ask again for a new one")
        disabled = self.rules.disabled
        if reason := disabled.get((one.key, self._session.uid)) or disabled.get((one.key, None)):
            raise ActivationFailed(one.id, reason)
        running = self._running.get(one.key) or self._start(one)
        await asyncio.wait({running})
        if running.cancelled():
            raise SessionClosed(f"the session of {self._session.uid} ended before '{one.id}' was active")
        return running.result()

    def _start(self, one: Installed) -> asyncio.Future[Any]:
        running = self._running[one.key] = self._session.promise(self._activate(one), f"activate {one.id}")
        running.add_done_callback(partial(self._settled, one.key))
        return running

    def _settled(self, key: str, running: asyncio.Future[Any]) -> None:
        """Forget a failed activation, so that the next who asks tries again."""
        if (running.cancelled() or running.exception() is not None) and self._running.get(key) is running:
            del self._running[key]

    async def end(self) -> None:
        """Deactivate what is active, dispose of what it registered, and let its modules go. Nothing begins after."""
        self._ended = True
        begun = [self.rules.installed[key] for key in self._running]
        ends = {self._session.promise(self._end(one), f"end {one.id}") for one in begun}
        if ends:
            await asyncio.wait(ends)

    async def end_one(self, extension: str) -> None:
        """End one extension, if it is active or about to be, with those that need it."""
        one = self.rules.installed.get(extension.lower())
        if one is None or one.key not in self._running:
            return
        for other in list(self._running):
            if one.key in map(str.lower, self.rules.installed[other].manifest.extension_dependencies):
                await self.end_one(other)
        if one.key in self._running:
            await self._session.promise(self._end(one), f"end {one.id}")

    async def _activate(self, one: Installed) -> Any:
        with self._session.entered(one.id):  # in its name, but no work of its own: that ends with it
            exports = await self._activated(one)
        self._session.get(Extensions).exports[one.key] = exports
        return exports

    async def _activated(self, one: Installed) -> Any:
        try:
            for dependency in one.manifest.extension_dependencies:
                await self.activate(dependency)
            return await self._run(one)
        except Exception as error:  # the edge of an extension: only this user's activation fails
            await self._undo(one)
            raise self._told(one, error) from error
        except BaseException:
            await self._undo(one)
            raise

    async def _run(self, one: Installed) -> Any:
        extension = self._session.get(Extensions).get(one.id)
        assert extension is not None  # it is of the same mapping
        context = self._contexts[one.key] = await ExtensionContext.open(self._session, extension)
        entry = self._entries[one.key] = await self._load(one)
        activate = getattr(entry, "activate", None)
        if activate is None:
            raise RoostError(f"'{one.manifest.main}' has no activate(context); write one")
        return await _within(self.rules.activate_s, self._session, one, called(activate, context), "activate")

    async def _load(self, one: Installed) -> ModuleType:
        async with self.rules.slots:
            if one.stuck:
                raise RoostError("its modules have not ended loading for another user; the operator must look into it")
            turn = self.rules.loads.begin()
            loading = aside(partial(_load, turn, _loading(self._session, one)), f"load {one.id}")
            done, _ = await asyncio.wait({loading}, timeout=self.rules.load_s)
            if not done:
                one.stuck += 1
                turn.end()
                loading.add_done_callback(partial(_unstuck, one))
                raise TookTooLong(f"its modules did not end loading within {self.rules.load_s:g} s")
            return loading.result()

    def _told(self, one: Installed, error: Exception) -> ActivationFailed:
        """Tell the log all of a failure, and the user a sentence."""
        reason = writable(str(error) if isinstance(error, RoostError) else f"{type(error).__name__}: {error}")[:1_000]
        log.warning("extension %s failed to activate: %s", one.id, reason, exc_info=error)
        with suppress(RoostError):  # a mailbox that takes nothing more: the log has it
            self._session.mailbox.post(FAILED, {"id": one.id, "message": reason})
        return ActivationFailed(one.id, reason)

    async def _end(self, one: Installed) -> None:
        running = self._running.pop(one.key)
        with self._session.entered(one.id):
            if running.done():
                await self._deactivate(one)
            else:
                running.cancel()
            await self._undo(one)

    async def _deactivate(self, one: Installed) -> None:
        deactivate = getattr(self._entries[one.key], "deactivate", None)
        if deactivate is None:
            return
        try:
            await _within(self.rules.deactivate_s, self._session, one, called(deactivate), "deactivate")
        except Exception:  # the edge of an extension: what it registered is undone all the same
            log.warning("extension %s failed to deactivate", one.id, exc_info=True)

    async def _undo(self, one: Installed) -> None:
        """Take back what the extension registered for the user, and let its modules go."""
        context = self._contexts.pop(one.key, None)
        if context is not None:
            try:
                await _within(self.rules.deactivate_s, self._session, one, context.close(), "dispose")
            except TookTooLong:
                log.warning("the subscriptions of extension %s could not be disposed of in time", one.id)
        if not self._ended:  # else all work of the session ends at once
            await self._session.end_work(one.id)
        self._entries.pop(one.key, None)
        self._session.get(Extensions).exports.pop(one.key, None)
        self._session.forget_extension(one.id)
        if modules := self._session.get(Copies).drop(one.package):
            self.rules.unloads.add(modules)


def _loading(session: SessionContext, one: Installed) -> Callable[[], ModuleType]:
    if one.package.shared:
        return partial(one.package.load_shared, one.entry)
    return partial(session.get(Copies).make(one.package).load, one.entry)


def _load(turn: Turn, work: Callable[[], ModuleType]) -> ModuleType:
    with turn:
        return work()


def _unstuck(one: Installed, loading: asyncio.Future[ModuleType]) -> None:
    one.stuck -= 1


async def _within(
    seconds: float, session: SessionContext, one: Installed, work: Coroutine[Any, Any, Any], what: str
) -> Any:
    """The result of `work`, run as the extension. Late work is cancelled and not waited for: it may refuse to end."""
    running = session.promise(work, f"{what} {one.id}", one.id)
    try:
        done, _ = await asyncio.wait({running}, timeout=seconds)
    except asyncio.CancelledError:
        running.cancel()
        raise
    if not done:
        running.cancel()
        raise TookTooLong(f"its {what} did not end within {seconds:g} s")
    if running.cancelled():
        raise RoostError(f"its {what} was cancelled")
    return running.result()
