"""One terminal: what it showed, who looks at it, and when its output waits. Where output comes from is elsewhere."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Literal, Protocol

from sessions.errors import InvalidValue, Overloaded
from sessions.scrollback import Scrollback
from sessions.viewer import AT_ONCE, Viewer

if TYPE_CHECKING:
    from sessions.integration import Integration

LAG_BYTES = 256 << 10
"""How far a viewer may be behind before the output waits."""

PATIENCE_S = 30.0
"""How long the output waits for a viewer who takes nothing, or who was lost and may attach again."""

EndedBy = Literal["process", "user", "extension", "session"]

SEND_BYTES = 65_536
SENDING_BYTES = 8 << 20
"""Text for one terminal that may wait for its shell to read."""

SMALL_BYTES = 1_024
GATHER_S = 0.002
"""Output in large pieces is gathered for so long before viewers hear of it: less work, and nobody sees it."""


def keys(text: str) -> bytes:
    """What a terminal gets when `text` is typed: every end of a line is an Enter."""
    return text.replace("\r\n", "\r").replace("\n", "\r").encode("utf-8", "surrogatepass")


class Device(Protocol):
    """What is behind a terminal: a shell's `Pty`, or code that plays one."""

    @property
    def process_id(self) -> int | None: ...
    def write(self, data: bytes) -> bool: ...
    async def room(self) -> None: ...
    def resize(self, columns: int, rows: int) -> None: ...
    def flow(self, on: bool) -> None: ...
    async def end(self) -> None: ...


class Owner(Protocol):
    """Who has a terminal, and hears of it."""

    def terminal_ended(self, terminal: Terminal) -> None: ...
    def terminal_touched(self, terminal: Terminal) -> None: ...
    def terminal_watched(self, terminal: Terminal) -> None: ...


class Terminal:
    """A terminal from its opening until it is disposed of; after its shell ended it can still be read.

    Output waits while a viewer is far behind, so that nothing is lost and memory is bounded; nobody else's does.
    """

    __slots__ = (
        "__weakref__",
        "_code",
        "_drained",
        "_exited",
        "_flows",
        "_holds",
        "_owner",
        "_patience",
        "_places",
        "_sending",
        "_telling",
        "_told",
        "_turn",
        "_viewers",
        "columns",
        "device",
        "ended",
        "ended_by",
        "hidden",
        "id",
        "integration",
        "name",
        "program",
        "rows",
        "scrollback",
        "touched",
    )

    def __init__(
        self,
        name: str,
        device: Device,
        columns: int,
        rows: int,
        owner: Owner,
        hidden: bool = False,
    ) -> None:
        self.id = secrets.token_hex(8)
        self.name = name
        self.device = device
        self.columns = columns
        self.rows = rows
        self.hidden = hidden
        """The user need not be shown it: an extension uses it for itself."""
        self.scrollback = Scrollback()
        self.integration: Integration | None = None
        """What the shell tells of itself, where it does."""
        self.ended = False
        """The shell has ended and everything it wrote was taken."""
        self.ended_by: EndedBy = "process"
        """Who ended it."""
        self.program: str | None = None
        """The name of its shell, None where no process is behind it."""
        self.touched = False
        """Somebody typed into it."""
        self._owner = owner
        self._code: int | None = None
        self._exited = self._drained = False
        self._viewers: list[Viewer] = []
        self._holds: list[tuple[int, asyncio.TimerHandle]] = []
        self._places: dict[Viewer, int] = {}
        self._patience: asyncio.TimerHandle | None = None
        self._flows = True
        self._telling: asyncio.TimerHandle | None = None
        self._told = 0
        self._sending = 0
        self._turn = asyncio.Lock()

    @property
    def exit_code(self) -> int | None:
        """0 to 255, 128 + the signal that ended the shell; None while it runs, or if its sandbox ended with it."""
        return self._code

    @property
    def process_id(self) -> int | None:
        """The shell's; None where no process is behind it."""
        return self.device.process_id

    @property
    def watched(self) -> bool:
        """Somebody looks at it, or was cut off and may come back."""
        return bool(self._viewers or self._holds)

    # -- viewers

    def view(self, after: int | None = None) -> Viewer:
        """Look at the output from the offset `after` on, or as far back as it is kept where that is gone or None.

        Whoever attaches takes the place of one who was lost. Raises `InvalidValue` for an offset that is to come.
        """
        if after is not None and after > self.scrollback.end:
            raise InvalidValue("after", f"is beyond the end of the output, which is at {self.scrollback.end}")
        kept = after is not None and after >= self.scrollback.start
        viewer = Viewer(self, after if kept and after is not None else self.scrollback.beginning)
        self._viewers.append(viewer)
        if self._holds:
            _, timer = self._holds.pop(0)
            timer.cancel()
        self._owner.terminal_watched(self)
        self.balance()
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        if viewer in self._viewers:
            self._viewers.remove(viewer)
            self._owner.terminal_watched(self)
            self.balance()

    def hold(self, offset: int) -> None:
        """Wait for a viewer who was lost at `offset`."""
        if not self.ended:
            timer = asyncio.get_running_loop().call_later(PATIENCE_S, self._let_go, offset)
            self._holds.append((offset, timer))
            self._owner.terminal_watched(self)
            self.balance()

    def _let_go(self, offset: int) -> None:
        for held in self._holds:
            if held[0] == offset:
                self._holds.remove(held)
                break
        self._owner.terminal_watched(self)
        self.balance()

    # -- output

    def feed(self, data: bytes) -> None:
        """More output."""
        at = self.scrollback.end
        self.scrollback.add(data)
        if self.integration is not None:
            self.integration.feed(data, at)
        if len(data) < SMALL_BYTES or self.scrollback.end - self._told > AT_ONCE:
            self._tell()
        elif self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(GATHER_S, self._tell)
        self.balance()

    def _tell(self) -> None:
        """Let the viewers know."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        self._told = self.scrollback.end
        for viewer in self._viewers:
            viewer.wake()

    def balance(self) -> None:
        """Let the output wait or go on, by how far the viewers are."""
        wait = self._is_ahead(LAG_BYTES if self._flows else LAG_BYTES // 2)
        if wait == self._flows:
            self._flows = not wait
            self.device.flow(self._flows)
            self._watch_patience()

    def _is_ahead(self, lag: int) -> bool:
        end = self.scrollback.end
        # A viewer who never acknowledges may have lost all that was on its way: with nobody else here not a byte more.
        return any(end - viewer.offset > lag for viewer in self._viewers) or any(
            not self._viewers or end - offset > lag for offset, _ in self._holds
        )

    def _watch_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if not self._flows and self._viewers:
            self._places = {viewer: viewer.offset for viewer in self._viewers}
            self._patience = asyncio.get_running_loop().call_later(PATIENCE_S, self._lose_patience)
        else:
            self._places = {}

    def _lose_patience(self) -> None:
        """Drop who was far behind and took nothing since; whoever took something gets their time anew."""
        end = self.scrollback.end
        for viewer, place in self._places.items():
            if not viewer.closed and viewer.offset == place and end - place > LAG_BYTES // 2:
                viewer.drop()
        if not self._flows:
            self._watch_patience()

    # -- its end

    def exited(self, code: int | None) -> None:
        """The shell has ended; its last output may still be on its way."""
        self._code, self._exited = code, True
        self._end()

    def drained(self) -> None:
        """There is no more output."""
        self._drained = True
        self._end()

    def _end(self) -> None:
        if not self._exited or not self._drained or self.ended:
            return
        self.ended = True
        if self.integration is not None:
            self.integration.close()
        self._let_all_go()
        self._tell()
        self._owner.terminal_ended(self)

    def _let_all_go(self) -> None:
        for _, timer in self._holds:
            timer.cancel()
        self._holds.clear()

    # -- input

    def type(self, data: bytes) -> bool:
        """Give input to the shell; False and nothing is done while it leaves too much unread."""
        if not self.touched:
            self.touched = True
            self._owner.terminal_touched(self)
        return self.ended or self.device.write(data)

    async def send(self, data: bytes) -> None:
        """Give input to the shell, waiting while it leaves too much unread. Raises `Overloaded` if too much waits."""
        if self._sending + len(data) > SENDING_BYTES:
            raise Overloaded("the shell does not read its input, and too much waits for it already", 1_000)
        self._sending += len(data)
        try:
            async with self._turn:  # what is sent meanwhile comes behind it, and not into its middle
                for at in range(0, len(data), SEND_BYTES):
                    while not self.type(data[at : at + SEND_BYTES]):
                        await self.device.room()
        finally:
            self._sending -= len(data)

    def resize(self, columns: int, rows: int) -> None:
        """Tell the size in characters."""
        self.columns, self.rows = columns, rows
        self.device.resize(columns, rows)

    def close(self) -> None:
        """It is disposed of: nobody looks at it any more."""
        self.integration = None
        self._let_all_go()
        for viewer in list(self._viewers):
            viewer.drop()
        if self._patience is not None:
            self._patience.cancel()
