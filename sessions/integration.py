"""What a shell tells of itself by its marks: where it is, what it runs, and how that ended. It starts no shell."""

from __future__ import annotations

import asyncio
import codecs
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from sessions.errors import Overloaded
from sessions.marks import Mark, Marks
from sessions.terminal import keys
from sessions.viewer import Viewer

if TYPE_CHECKING:
    from sessions.terminal import Terminal

QUEUED = 100
LINE_BYTES = 16_384
PASTE = "\x1b[200~{}\x1b[201~"
"""How a terminal tells pasted text from typed: a text of several lines is one command then."""


class Execution:
    """One command of a shell, from when it begins until it ends. `exit_code` is None where the shell did not say."""

    __slots__ = (
        "_readers",
        "_terminal",
        "_waiting",
        "command_line",
        "cwd",
        "end",
        "ended",
        "exit_code",
        "start",
        "trusted",
    )

    def __init__(self, terminal: Terminal, command_line: str, trusted: bool = False) -> None:
        self._terminal = terminal
        self._readers: list[Viewer] = []
        self._waiting: list[asyncio.Future[Viewer]] = []
        self.command_line = command_line
        self.trusted = trusted
        """The command line is as it was given here, or as the shell's mark has it; not read off the screen."""
        self.cwd: str | None = None
        self.start: int | None = None
        """Where its output begins in the terminal's, None before that."""
        self.end: int | None = None
        """Where its output ends."""
        self.ended = False
        self.exit_code: int | None = None

    def read(self) -> AsyncIterator[str]:
        """The output from now on, or all of it where that is kept: text with its escape sequences, piece by piece.

        Who asks must read: the shell waits for them, half a minute at most.
        """
        place: asyncio.Future[Viewer] = asyncio.get_running_loop().create_future()
        if self.start is None:
            self._waiting.append(place)
        else:
            place.set_result(self._view(self.start))
        return self._pieces(place)

    def _view(self, start: int) -> Viewer:
        viewer = self._terminal.view(max(start, self._terminal.scrollback.beginning))
        viewer.until = self._known
        self._readers.append(viewer)
        return viewer

    async def _pieces(self, place: asyncio.Future[Viewer]) -> AsyncIterator[str]:
        viewer = await place
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            while not self.ended or viewer.offset < (self.end or 0):
                if not (piece := await viewer.next()):
                    break
                if text := decoder.decode(piece):
                    yield text
        finally:
            viewer.detach()

    def _known(self) -> int:
        """Up to where the terminal's output is known to be this command's."""
        if self.end is not None:
            return self.end
        integration = self._terminal.integration
        return integration.seen if integration is not None and self.start is not None else 0

    def begin(self, start: int, cwd: str | None) -> None:
        """Its output begins."""
        self.start, self.cwd = start, cwd
        while self._waiting:
            place = self._waiting.pop()
            if not place.done():
                place.set_result(self._view(start))

    def finish(self, end: int, exit_code: int | None) -> None:
        """Its output has ended."""
        self.end, self.exit_code, self.ended = end, exit_code, True
        for viewer in self._readers:
            if viewer.offset >= end:
                viewer.detach()
        self._readers.clear()


class Integration:
    """One shell's account of itself.

    `tells` is whether the shell marks the beginning of a command; else the end of the line at a prompt is it.
    """

    __slots__ = (
        "_asked",
        "_at_prompt",
        "_line",
        "_marks",
        "_pending",
        "_tells",
        "_terminal",
        "changed",
        "current",
        "cwd",
        "ended",
        "ready",
        "started",
    )

    def __init__(self, terminal: Terminal, nonce: str, tells: bool) -> None:
        self._terminal = terminal
        self._marks = Marks(nonce)
        self._tells = tells
        self._pending: deque[Execution] = deque()
        self._at_prompt = False
        self._asked: Execution | None = None
        self._line: bytes | str = b""
        self.current: Execution | None = None
        """The command that runs now."""
        self.cwd: str | None = None
        """The shell's folder, as a path of the user's world."""
        self.ready = False
        """The shell has shown a prompt: it speaks."""
        self.changed: list[Callable[[], None]] = []
        self.started: list[Callable[[Execution], None]] = []
        self.ended: list[Callable[[Execution], None]] = []

    @property
    def is_busy(self) -> bool:
        """Whether a command runs, or is given and has not begun."""
        return self.current is not None or self._asked is not None or bool(self._pending)

    @property
    def seen(self) -> int:
        """Up to where the output is looked through."""
        return self._marks.seen

    def execute(self, command_line: str) -> Execution:
        """Run a command at the next prompt that is free; commands that are given meanwhile wait in order."""
        if len(self._pending) >= QUEUED:
            raise Overloaded(f"{QUEUED} commands wait for this shell already", 1_000)
        execution = Execution(self._terminal, command_line, trusted=True)
        self._pending.append(execution)
        self._type_next()
        return execution

    def _type_next(self) -> None:
        if self._pending and self._asked is None and self._at_prompt and not self._line:
            self._asked = self._pending.popleft()
            line = self._asked.command_line
            text = PASTE.format(line) if "\n" in line and self._tells else line
            self._terminal.type(keys(text) + b"\r")

    # -- what the shell says

    def feed(self, data: bytes, at: int) -> None:
        """Output of the terminal, which begins at the offset `at`."""
        place = at
        for mark in self._marks.feed(data, at):
            self._typed(data[max(place - at, 0) : max(mark.start - at, 0)], place)
            self._hear(mark)
            place = mark.end
        self._typed(data[max(place - at, 0) :], place)

    def _typed(self, data: bytes, at: int) -> None:
        """Output that may echo what is typed at a prompt: the end of the line begins the command of a plain shell."""
        if self._tells or not self._at_prompt:
            return
        line, found, _ = data.partition(b"\n")
        self._line = (_bytes(self._line) + line)[-LINE_BYTES:]
        if found:
            self._begin(at + len(line) + 1)

    def _hear(self, mark: Mark) -> None:
        match mark.kind:
            case "B":
                self._at_prompt, self._line = True, b""
                self._become_ready()
                self._type_next()
            case "E":
                self._line = mark.value
            case "C":
                self._begin(mark.end)
            case "D":
                self._finish(mark.start, mark.value)
            case "P" if mark.value.startswith("Cwd="):
                self._move(mark.value[4:])

    def _become_ready(self) -> None:
        if not self.ready:
            self.ready = True
            self._change()

    def _move(self, cwd: str) -> None:
        if cwd != self.cwd:
            self.cwd = cwd
            if self.ready:
                self._change()

    def _change(self) -> None:
        for listener in list(self.changed):
            listener()

    def _begin(self, start: int) -> None:
        line = self._line if isinstance(self._line, str) else _shown(self._line)
        self._at_prompt, self._line = False, b""
        if not line.strip() and self._asked is None:
            return
        execution = self._asked or Execution(self._terminal, line, trusted=self._tells)
        self.current, self._asked = execution, None
        execution.begin(start, self.cwd)
        for listener in list(self.started):
            listener(execution)

    def _finish(self, end: int, value: str) -> None:
        if self.current is None and self._asked is not None:
            self._begin(end)  # it never ran: a mistake in it, or somebody's Ctrl-C
        execution, self.current = self.current, None
        if execution is None:
            return
        execution.finish(end, int(value) if value.isdecimal() and len(value) < 10 else None)
        for listener in list(self.ended):
            listener(execution)

    def close(self) -> None:
        """The shell has ended: so has what it ran, and what waited never will."""
        end = self._terminal.scrollback.end
        self._finish(end, "")
        while self._pending:
            waiting = self._pending.popleft()
            waiting.begin(end, None)
            waiting.finish(end, None)


def _bytes(line: bytes | str) -> bytes:
    return line if isinstance(line, bytes) else b""


def _shown(line: bytes) -> str:
    """What stands on the line that was typed, as far as rubbing out is simple."""
    text: list[str] = []
    for character in line.decode("utf-8", "replace").replace("\b \b", "\b").rstrip("\r"):
        if character == "\b":
            del text[-1:]
        else:
            text.append(character)
    return "".join(text)
