"""The terminals that the agent opened: real ones, which the user sees and may type into. What they say is read here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import shim as vscode
from extensions.coder.kept import Kept, legible
from extensions.coder.running import Commands, told_exit
from shim.thenable import thenable

MOST = 4
READY_SECONDS = 5.0
LOOK_SECONDS = 0.1
CALM_SECONDS = 0.5
CLEAR_LINE = b"\x15"


@dataclass(frozen=True, slots=True)
class Said:
    """What a terminal said to something that was typed, or since it was last looked at."""

    output: str
    state: str
    exit_code: int | None = None


class Seat:
    """One terminal of the agent's."""

    def __init__(self, number: int, terminal: vscode.Terminal) -> None:
        self.number = number
        self.terminal = terminal
        self._seen = 0

    @property
    def is_open(self) -> bool:
        return self.terminal.exit_status is None

    @property
    def is_busy(self) -> bool:
        """Whether a command runs in it, so that what is typed goes to that; also where the shell does not say."""
        integration = self.terminal.shell.integration if self.terminal.shell is not None else None
        return self.terminal.shell_integration is None or integration is None or integration.is_busy

    async def begin(self, is_stopped: Callable[[], bool]) -> None:
        """Wait for the first prompt, or as long as one may take."""
        await self._until(
            lambda: self.terminal.shell_integration is not None or not self.is_open, READY_SECONDS, is_stopped
        )

    async def run(self, line: str, seconds: float, most: int, is_stopped: Callable[[], bool]) -> Said:
        """Run a line at the prompt; what the user was typing there is taken away before."""
        integration = self.terminal.shell_integration
        assert integration is not None and self.terminal.shell is not None, "only at a prompt"
        self.terminal.shell.type(CLEAR_LINE)  # at once, as the command is: `send_text` may come after it
        execution, kept = integration.execute_command(line), Kept()
        ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

        def end(event: vscode.TerminalShellExecutionEndEvent) -> None:
            if event.execution is execution and not ended.done():
                ended.set_result(event.exit_code)

        listening = vscode.window.on_did_end_terminal_shell_execution(end)
        reading = thenable(_read(execution, kept), "terminal session")
        try:
            await self._until(lambda: ended.done() or not self.is_open, seconds, is_stopped)
            if ended.done():
                await asyncio.wait({reading}, timeout=READY_SECONDS)
        finally:
            listening.dispose()
        self._seen = self._end
        state = told_exit(ended.result()) if ended.done() and ended.result() is not None else self.state()
        return Said(await asyncio.to_thread(kept.preview(most).text), state, ended.result() if ended.done() else None)

    async def type(self, text: str, seconds: float, most: int, is_stopped: Callable[[], bool], enter: bool) -> Said:
        """Type into what runs in it, and wait until it has answered or the time is over."""
        self._seen = self._end
        self.terminal.send_text(text, should_execute=enter)
        return await self.look(seconds, most, is_stopped)

    async def look(self, seconds: float, most: int, is_stopped: Callable[[], bool]) -> Said:
        """What it said since the last look; with `seconds`, that is waited for."""
        await self._until(lambda: self._end > self._seen or not self.is_open, seconds, is_stopped)
        before = -1
        while seconds and self.is_open and before < self._end and not is_stopped():
            before = self._end
            await asyncio.sleep(CALM_SECONDS)
        (gap, data), self._seen = self._since(most), self._end
        return Said(gap + await asyncio.to_thread(legible, data), self.state())

    def cwd(self, default: str) -> str:
        """The shell's folder, as far as it says."""
        integration = self.terminal.shell_integration
        return integration.cwd.path if integration is not None and integration.cwd is not None else default

    def state(self) -> str:
        """How it stands, as a sentence."""
        status = self.terminal.exit_status
        if status is not None:
            return f"The terminal has ended. {told_exit(status.code) if status.code is not None else ''}".strip()
        return "Something still runs in it." if self.is_busy else "It waits at its prompt."

    @property
    def _end(self) -> int:
        return self.terminal.shell.scrollback.end if self.terminal.shell is not None else 0

    def _since(self, most: int) -> tuple[str, bytes]:
        if self.terminal.shell is None:
            return "", b""
        memory = self.terminal.shell.scrollback
        start = max(self._seen, memory.start, memory.end - most)
        gap = f"[...{start - self._seen} bytes omitted...]\n" if start > self._seen else ""
        return gap, memory.read(start, memory.end - start)

    @staticmethod
    async def _until(done: Callable[[], bool], seconds: float, is_stopped: Callable[[], bool]) -> None:
        """Terminals have no event for what they say: they are looked at, ten times a second."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not done() and not is_stopped() and loop.time() < until:  # noqa: ASYNC110
            await asyncio.sleep(min(LOOK_SECONDS, max(0.0, until - loop.time())))


class Seats:
    """A task's terminals."""

    def __init__(self) -> None:
        self._all: dict[int, Seat] = {}
        self._count = 0

    @classmethod
    def of(cls, notes: dict[str, Any]) -> Seats:
        """Those of the task whose notes these are."""
        found: Seats | None = notes.get("terminals")
        if found is None:
            found = notes["terminals"] = cls()
            Commands.of(notes).told_by(found.news)
        return found

    def __iter__(self) -> Iterator[Seat]:
        return iter(list(self._all.values()))

    def get(self, number: int) -> Seat | None:
        return self._all.get(number)

    @property
    def is_full(self) -> bool:
        return sum(seat.is_open for seat in self) >= MOST

    def open(self, cwd: str) -> Seat:
        """Open a terminal that the user sees."""
        self._count += 1
        terminal = vscode.window.create_terminal(f"Agent {self._count}", cwd=cwd)
        terminal.show(preserve_focus=True)
        seat = self._all[self._count] = Seat(self._count, terminal)
        return seat

    def close(self, seat: Seat) -> None:
        """Close one, with what runs in it."""
        self._all.pop(seat.number, None)
        seat.terminal.dispose()

    def news(self) -> str:
        """For the task's environment: which there are and how they stand."""
        told = [f"Terminal {seat.number}: {seat.state()}" for seat in self]
        return "\n".join(["# Terminals", *told]) if told else ""


async def _read(execution: vscode.TerminalShellExecution, kept: Kept) -> None:
    async for piece in execution.read():
        kept.add(piece.encode("utf-8", "replace"))
