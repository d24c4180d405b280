"""The shell that starts things inside a sandbox, spoken to over a socket pair. Its answers are the tenant's word."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from sessions.errors import InvalidValue, Overloaded, SandboxDied
from sessions.limits import Limits, process_flag, ulimits

SHELLS = ("/usr/bin/dash", "/bin/dash", "/usr/bin/bash", "/bin/bash")
"""Any of them will do; dash is the smallest."""

FUNCTIONS = """
terminal() {
    id=$1 tty=$2; shift 2
    { start -c "$@" <&5 >&5 2>&5 5<&- & echo "$id $!"; } 5<>"$tty" || echo "$id 0"
}
pipes() {
    id=$1 in=$2 out=$3 err=$4; shift 4
    { start -- "$@" <&5 >&6 2>&7 5<&- 6>&- 7>&- & echo "$id $!"; } 5<"$in" 6>"$out" 7>"$err" || echo "$id 0"
}
park() {
    id=$1 in=$2; shift 2
    { start -- / "$@" "$shell" -c "$parked" <&5 5<&- & echo "$id $!"; } 5<"$in" || echo "$id 0"
}
early() {
    id=$1 tty=$2 in=$3; shift 3
    { start -c "$@" <&5 >&5 2>&5 5<&- & echo "$id $!"; } 5<>"$tty" 4<"$in" || echo "$id 0"
}
ended() { wait "$2"; echo "$1 $?"; }
"""
"""Each answers with the number of the question and one more."""

ENV = "/usr/bin/env --default-signal --ignore-signal=XFSZ --unset=PWD"
"""What a shell starts in the background ignores signals, which this undoes. A file that may not grow is an error that
programs tell (EFBIG), and no signal that ends the user's shell."""

LOCALE = ("LANG", "LC_ALL")
"""Exported by the last program before the one that is started: each that sees them reads a dozen files for them."""

LOOP = 'exec 2>/dev/null; echo ready; while IFS= read -r line; do eval "$line"; done'
LAST = '; read -r left <"/proc/$$/task/$$/children"; for pid in $left; do kill -9 "-$pid"; done'
"""Where no namespace ends with the host: when nobody asks any more, end what was started."""

COMMAND_BYTES = 256 << 10
PENDING = 256
ANSWER = re.compile(rb"([0-9]{1,9}) ([0-9]{1,9})")
COMPLAINT_BYTES = 2048
DIED = "the sandbox ended with all that ran in it; the next use starts a new one"


@cache
def shell() -> str:
    """The path of the shell that supervises. Looked for once, in the thread that prepares the first start."""
    for path in SHELLS:
        if Path(path).exists():
            return path
    raise FileNotFoundError(f"none of {', '.join(SHELLS)} is there; install dash or bash")


def script(limits: Limits | None, env: Mapping[str, str], parked: str) -> str:
    """What the supervisor runs: limit itself, export what all its children get, say so, then do what each line says.

    `parked` is what a shell runs that waits to become a terminal's.
    Of processes it may have a few more than those, or a user who has all of theirs could not even be helped.
    """
    kind = Path(shell()).name
    words = {name: b"%s=%s" % (name.encode(), quoted(value)) for name, value in env.items()}
    exports = os.fsdecode(b"".join(b"export %s; " % word for name, word in words.items() if name not in LOCALE))
    locale = os.fsdecode(b" ".join(words[name] for name in LOCALE if name in words))
    limit = f"ulimit {process_flag(kind)} {limits.processes};" if limits and limits.processes else ""
    become = f'exec /usr/bin/setsid $how {ENV} --chdir="$cwd" -- {locale} "$@"'
    start = f"start() {{ how=$1 cwd=$2; shift 2; {limit} {become}; }}"
    own = os.fsdecode(b"shell=%s parked=%s" % (quoted(shell()), quoted(parked)))
    return f"{ulimits(limits, kind)} n='\n'; {own}; {exports}\n{start}{FUNCTIONS}{LOOP}"


def quoted(text: str) -> bytes:
    """`text` as one word of a line of the shell, byte for byte: a line end becomes the shell's own `$n`."""
    parts = (part.replace(b"'", b"'\"'\"'") for part in text.encode("utf-8", "surrogateescape").split(b"\n"))
    return b'"$n"'.join(b"'" + part + b"'" for part in parts)


def command(argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> bytes:
    """The words that start `argv` in a session of its own; raises `InvalidValue` for what no command line holds."""
    if not argv or any("\0" in word for word in (*argv, cwd)):
        raise InvalidValue("argv", "a command has at least a name, and neither it nor its cwd holds a NUL character")
    for name, value in env.items():
        if not name or "=" in name or "\0" in name or "\0" in value:
            raise InvalidValue(
                "env", f"{name!r} cannot be set: a name is not empty and has no '=', and neither part a NUL"
            )
    # After the variables, a name that has a '=' would be one more of them.
    named = ("/bin/sh", "-c", 'exec "$0" "$@"') if "=" in argv[0] else ()
    words = (cwd, *(f"{name}={value}" for name, value in env.items()), *named, *argv)
    line = b" ".join(map(quoted, words))
    if len(line) > COMMAND_BYTES:
        raise InvalidValue("argv", f"arguments and environment are over {COMMAND_BYTES} bytes; use a file or stdin")
    return line


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

    async def start_on_terminal(self, words: bytes, path: str) -> int:
        """Start a `command` on the terminal at `path`, which it has open by then; its pid inside, 0 if it could not."""
        return await self._ask(b"terminal", quoted(path) + b" " + words)

    async def start_on_pipes(self, words: bytes, paths: Sequence[str]) -> int:
        """Start a `command` on stdin, stdout and stderr, all open by then; its pid inside, 0 if it could not."""
        return await self._ask(b"pipes", b" ".join([*map(quoted, paths), words]))

    async def park(self, path: str, env: Mapping[str, str]) -> int:
        """Start a shell that waits at the pipe at `path` and answers here; its pid inside, 0 if it could not."""
        return await self._ask(b"park", b" ".join(map(quoted, (path, *(f"{name}={env[name]}" for name in env)))))

    async def start_early(self, words: bytes, path: str, pipe: str) -> int:
        """As `start_on_terminal`, and descriptor 4 of the command is the `pipe`."""
        return await self._ask(b"early", b" ".join([quoted(path), quoted(pipe), words]))

    def become(self, line: bytes, tell: Callable[[bytes], None]) -> asyncio.Future[int]:
        """`tell` this to a shell that was parked; what it answers: 1, or 0 if it could not."""
        number, answer = self._question()
        tell(b"%d %s\n" % (number, line))
        return answer

    def forget(self, answer: asyncio.Future[int]) -> None:
        """It will never come."""
        self._pending = {number: one for number, one in self._pending.items() if one is not answer}

    async def wait(self, pid: int) -> int:
        """The exit code of a process that was started here and has ended; 128 + the signal that ended it."""
        return await self._ask(b"ended", b"%d" % pid)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _ask(self, what: bytes, words: bytes) -> int:
        number, answer = self._question()
        assert self._transport is not None
        self._transport.write(b"%s %d %s\n" % (what, number, words))
        try:
            return await answer
        finally:
            del answer  # it holds what it fails with, and that holds this frame

    def _question(self) -> tuple[int, asyncio.Future[int]]:
        if self._transport is None or self._transport.is_closing():
            raise SandboxDied(DIED)
        if len(self._pending) >= PENDING:
            raise Overloaded("too many processes are being started at once", 1000)
        self._count += 1
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pending[self._count] = answer
        return self._count, answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none of asyncio's classes

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
        self._transport = None
        on_lost, self._on_lost = self._on_lost, _nobody  # who hears of it holds this
        on_lost()


def _nobody() -> None:
    """Hears of nothing more."""
