"""The shell that starts things inside a sandbox, spoken to over a socket pair. Its answers are the tenant's word."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from sessions.errors import InvalidValue, Overloaded, SandboxDied

SHELLS = ("/usr/bin/dash", "/bin/dash", "/usr/bin/bash", "/bin/bash")
"""Any of them will do; dash is the smallest."""

SCRIPT = "exec 2>/dev/null; n='\n'; echo ready; while IFS= read -r l; do eval \"$l\"; done"
COMMAND_BYTES = 256 << 10
PENDING = 256
ANSWER = re.compile(rb"([0-9]{1,9}) ([0-9]{1,9})")
COMPLAINT_BYTES = 2048
DIED = "the sandbox ended with all that ran in it; the next use starts a new one"


@cache
def shell() -> str:
    """The path of the shell that supervises. Looked for once, in the thread that prepares the first start."""
    return next((path for path in SHELLS if Path(path).exists()), "/bin/sh")


def quoted(text: str) -> bytes:
    """`text` as one word of a line of the shell, byte for byte: a line end becomes the shell's own `$n`."""
    parts = (part.replace(b"'", b"'\"'\"'") for part in text.encode("utf-8", "surrogateescape").split(b"\n"))
    return b'"$n"'.join(b"'" + part + b"'" for part in parts)


def command(argv: Sequence[str], cwd: str, env: Mapping[str, str], tty: bool, processes: int | None) -> bytes:
    """A line that becomes `argv` in a session of its own; raises `InvalidValue` for what no command line holds.

    The supervisor may go above the limit of `processes`, or a user with all of theirs could not even be helped.
    """
    if not argv or any("\0" in word for word in (*argv, cwd)):
        raise InvalidValue("argv", "a command has at least a name, and neither it nor its cwd holds a NUL character")
    options = ("/usr/bin/env", "-i", "--default-signal", f"--chdir={cwd}", "--")
    session = ("/usr/bin/setsid", "-c", "--") if tty else ("/usr/bin/setsid", "--")
    words = (*options, *(f"{name}={value}" for name, value in env.items()), *session, *argv)
    line = b" ".join(map(quoted, words))
    if len(line) > COMMAND_BYTES:
        raise InvalidValue("argv", f"arguments and environment are over {COMMAND_BYTES} bytes; use a file or stdin")
    flag = b"-p" if shell().endswith("dash") else b"-u"
    limit = b"ulimit %s %d; " % (flag, processes) if processes else b""
    return b"{ %sexec %s; }" % (limit, line)


class Supervisor(asyncio.Protocol):
    """One supervising shell. `ready` is done once it listens, or fails with what was said instead."""

    __slots__ = ("_buffer", "_count", "_on_lost", "_pending", "_said", "_transport", "lost", "ready")

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self._on_lost = on_lost
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost = False
        self._transport: asyncio.Transport | None = None
        self._pending: dict[int, asyncio.Future[int]] = {}
        self._buffer = b""
        self._said = b""
        self._count = 0

    async def start_on_terminal(self, line: bytes, path: str) -> int:
        """Start `line` on the terminal at `path`, which it has opened by then; its pid inside, 0 if it could not."""
        number = self._next()
        script = b"{ %s <&5 >&5 2>&5 5<&- & echo %d $!; } 5<>%s || echo %d 0\n"
        return await self._ask(number, script % (line, number, quoted(path), number))

    async def start_on_pipes(self, line: bytes, stdin: str, stdout: str, stderr: str) -> int:
        """Start `line` on three files, all open by then; its pid inside, 0 if it could not."""
        number = self._next()
        script = b"{ %s <&5 >&6 2>&7 5<&- 6>&- 7>&- & echo %d $!; } 5<%s 6>%s 7>%s || echo %d 0\n"
        names = (quoted(stdin), quoted(stdout), quoted(stderr))
        return await self._ask(number, script % (line, number, *names, number))

    async def wait(self, pid: int) -> int:
        """The exit code of a process that was started here and has ended; 128 + the signal that ended it."""
        number = self._next()
        return await self._ask(number, b"wait %d; echo %d $?\n" % (pid, number))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _next(self) -> int:
        if len(self._pending) >= PENDING:
            raise Overloaded("too many processes are being started at once", 1000)
        self._count += 1
        return self._count

    async def _ask(self, number: int, line: bytes) -> int:
        if self._transport is None or self.lost:
            raise SandboxDied(DIED)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        self._transport.write(line)
        return await answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of no class of asyncio's

    def data_received(self, data: bytes) -> None:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > COMPLAINT_BYTES:
            self.close()
        for line in lines:
            self._hear(line)

    def _hear(self, line: bytes) -> None:
        if not self.ready.done():
            self._hear_start(line)
            return
        match = ANSWER.fullmatch(line)
        answer = self._pending.pop(int(match[1]), None) if match else None
        if match is None or answer is None:  # somebody else speaks with its voice
            self.close()
        elif not answer.done():
            answer.set_result(int(match[2]))

    def _hear_start(self, line: bytes) -> None:
        """Before it listens, only the host's own programs can have spoken."""
        if line == b"ready":
            self.ready.set_result(None)
        else:
            self._said = (self._said + line + b"\n")[-COMPLAINT_BYTES:]

    def connection_lost(self, exc: Exception | None) -> None:
        said = "" if self.ready.done() else (self._said + self._buffer).decode(errors="replace").strip()
        everything: list[asyncio.Future[Any]] = [self.ready, *self._pending.values()]
        for waiting in everything:
            if not waiting.done():
                waiting.set_exception(SandboxDied(said or DIED))
                waiting.exception()  # retrieved: perhaps nobody waits for it any more
        self._pending.clear()
        self.lost = True
        self._on_lost()
