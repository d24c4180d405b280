"""Terminals that an extension plays (VS Code's Pseudoterminal): its texts shown as a shell's output would be."""

from __future__ import annotations

import codecs
import logging
from asyncio import CancelledError
from collections.abc import Callable
from contextlib import suppress
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Protocol

from shim.events import Disposable, Event
from shim.thenable import harmless
from shim.values import Value, readonly

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from sessions.terminal import Terminal

log = logging.getLogger("roost.shim")


@readonly
class TerminalDimensions(Value):
    """A terminal's size in characters."""

    columns: int
    rows: int


class Pseudoterminal(Protocol):
    """What an extension implements to play a terminal.

    It may also have `on_did_close: Event[int | None]`, `on_did_change_name: Event[str]`,
    `handle_input(data: str)` and `set_dimensions(dimensions: TerminalDimensions)`. What it fires before `open` is
    called, nobody hears.
    """

    @property
    def on_did_write(self) -> Event[str]:
        """Fired with what is to be shown; a line ends with `\\r\\n`."""

    def open(self, initial_dimensions: TerminalDimensions | None) -> object:
        """The terminal is there: what is written from now on is shown."""

    def close(self) -> object:
        """The terminal was closed by the user or by `dispose`."""


class Played:
    """The device behind a terminal that an extension plays.

    It cannot be made to wait: a viewer who is far behind misses the oldest of it.
    """

    __slots__ = ("_columns", "_decoder", "_ended", "_extension", "_listening", "_pty", "_rows", "_session", "_terminal")

    def __init__(self, pty: Pseudoterminal, session: SessionContext, extension: str | None) -> None:
        self._pty = pty
        self._session = session
        self._extension = extension
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._listening: list[Disposable] = []
        self._terminal: Terminal | None = None
        self._ended = False

    @property
    def process_id(self) -> int | None:
        """None: no process is behind it."""
        return None

    def begin(self, terminal: Terminal) -> None:
        """Show what is written, and let it play."""
        self._terminal = terminal
        with self._session.entered(self._extension):
            self._listen("on_did_write", self._write)
            self._listen("on_did_close", self._close)
            self._listen("on_did_change_name", self._rename)
        self._call("open", TerminalDimensions(terminal.columns, terminal.rows))

    def _listen(self, name: str, listener: Callable[[Any], object]) -> None:
        event = getattr(self._pty, name, None)
        if event is not None:
            self._listening.append(event(listener))

    def _write(self, text: object) -> None:
        if self._terminal is not None and not self._ended:
            self._terminal.feed(str(text).encode("utf-8", "replace"))

    def _rename(self, name: object) -> None:
        if self._terminal is not None:
            self._terminal.name = str(name)[:1_024]

    def _close(self, code: object) -> None:
        self._finish(code if isinstance(code, int) else None)

    def _finish(self, code: int | None) -> None:
        if self._ended or self._terminal is None:
            return
        self._ended = True
        for one in self._listening:
            one.dispose()
        self._terminal.exited(code)
        self._terminal.drained()

    def _call(self, name: str, *arguments: object) -> None:
        """Call what the extension wrote, as that extension. What it raises is logged, as nobody waits for it."""
        function = getattr(self._pty, name, None)
        if function is None:
            return
        try:
            with self._session.entered(self._extension):
                result = function(*arguments)
            if isawaitable(result):
                self._session.start(_awaited(result), f"pseudoterminal {name}", self._extension)
        except (BaseException, CancelledError) as error:
            log.error("%s of a pseudoterminal failed", name, exc_info=harmless(error))

    # -- what a terminal asks of its device

    def write(self, data: bytes) -> bool:
        """Hand over what is typed."""
        if text := self._decoder.decode(data):
            self._call("handle_input", text)
        return True

    async def room(self) -> None:
        """There always is."""

    def resize(self, columns: int, rows: int) -> None:
        """Tell the size."""
        self._call("set_dimensions", TerminalDimensions(columns, rows))

    def flow(self, on: bool) -> None:
        """It cannot be held back."""

    async def end(self) -> None:
        """Close it, as a user does."""
        if not self._ended:
            self._call("close")
            self._finish(None)


async def _awaited(result: Any) -> None:
    with suppress(CancelledError):
        await result
