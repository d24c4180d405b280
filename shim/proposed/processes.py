"""The proposal `processes`: commands of the current user without a terminal. VS Code leaves that to Node.

They run where the user's shells run: in the user's sandbox, in its network, within its limits, with none of the host's
environment; on one's own machine as oneself. Whatever is left of them ends with the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import orjson

from sessions import python
from sessions.answers import Answer
from sessions.current import current_session
from sessions.errors import InvalidValue
from sessions.errors import RoostError as Failure
from sessions.output import KEPT_BYTES, Finished
from sessions.shells import SHELL, inherited
from shim.terminals import folder
from shim.thenable import Thenable, thenable
from shim.uri import Uri

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from sessions.process import Process as Started
    from sessions.sandbox import Sandbox

__all__ = ["SHELL", "Answer", "Failure", "Finished", "Process", "append", "run", "run_python", "start"]

READ_BYTES = 65536


class Process:
    """A command that runs, or ran. Read from it, or it waits; `close` it when nobody reads any more.

    What it says goes to stdout and stderr alike, in the order that it was said.
    """

    __slots__ = ("_process", "_session")

    def __init__(self, session: SessionContext, process: Started) -> None:
        self._session = session
        self._process = process

    @property
    def process_id(self) -> int:
        """What it is called in the sandbox."""
        return self._process.process_id

    @property
    def is_running(self) -> bool:
        """Whether the command itself runs; what it started may outlive it."""
        return self._process.running

    @property
    def exit_code(self) -> int | None:
        """0 to 255, 128 + the signal that ended it; None while it runs, or if its sandbox went down with it."""
        return self._process.exit_code

    async def read(self) -> bytes:
        """What it said since, 64 KiB at most; waits for it, and gives nothing at the end."""
        return await self._process.stdout.read(READ_BYTES)

    async def write(self, data: bytes) -> None:
        """Write to its input, and wait until it has taken enough. Raises `BrokenPipeError` if it reads no more."""
        if self._process.stdin is None:
            raise InvalidValue("data", "has nowhere to go: start the command with stdin=True")
        self._process.stdin.write(data)
        await self._process.stdin.drain()

    def end_input(self) -> None:
        """Close its input, once it has taken what was written."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def wait(self) -> int | None:
        """Return `exit_code` once it has ended. Cancelling this harms nothing."""
        return await self._process.wait()

    def send_signal(self, number: int) -> None:
        """Signal the command itself, not what it started."""
        self._process.send_signal(number)

    async def kill(self) -> None:
        """End it, and everything that it started and that runs."""
        await self._process.kill()

    def close(self) -> None:
        """Drop its streams: one that goes on writing gets SIGPIPE."""
        self._process.close()


async def append(log: Uri, data: bytes) -> None:
    """Write at the end of a file of the current user, made if need be: for logs, neither atomic nor durable.

    Raises `FileSystemError`, and `Failure` over a quota.
    """
    await current_session().files.append(folder(log), data)


def start(
    argv: Sequence[str], *, cwd: str | Uri | None = None, env: Mapping[str, str] | None = None, stdin: bool = False
) -> Thenable[Process]:
    """Start a command for as long as it likes; `argv[0]` is found by the PATH inside, for a line see `SHELL`.

    `cwd` is a folder of the user's world (default: the workspace), `env` is added to what shells get. A program or
    folder that is not there says so in its output, with exit code 125 to 127. Raises `Failure`, such as
    `SandboxUnavailable` with what the operator can do.
    """
    where = None if cwd is None else folder(cwd)
    return thenable(_start(current_session(), list(argv), where, dict(env or {}), stdin), "processes.start")


async def _start(
    session: SessionContext, argv: list[str], cwd: str | None, env: dict[str, str], stdin: bool
) -> Process:
    sandbox = await session.sandbox()
    return Process(session, await sandbox.start(argv, cwd=cwd, env=_with_own(sandbox, env), stdin=stdin))


def run(
    argv: Sequence[str],
    *,
    cwd: str | Uri | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float | None = None,
    on_output: Callable[[bytes], None] | None = None,
    keep: int = KEPT_BYTES,
    answer: Answer | None = None,
) -> Thenable[Finished]:
    """Run a command to its end; of what it says each piece goes to `on_output`, and `keep` bytes are given in the end.

    The middle of more than that is left out, and for a while all of it is at `path` of the result in the sandbox.
    After `timeout` seconds, or when this is cancelled, it is killed with all that it started. Raises as `start`.

    For what shall stand in no argument, environment or file, such as a password: what the command, or a child in its
    terminal session, writes to the unix socket `$ROOST_ASK` (64 KiB to the end of its writing) is given to `answer`,
    and gets back what that returns; nobody else does, and no longer than the command runs.
    """
    where = None if cwd is None else folder(cwd)
    work = _run(current_session(), list(argv), where, dict(env or {}), stdin, timeout, on_output, keep, answer)
    return thenable(work, "processes.run")


async def _run(
    session: SessionContext,
    argv: list[str],
    cwd: str | None,
    env: dict[str, str],
    stdin: bytes,
    timeout: float | None,
    on_output: Callable[[bytes], None] | None,
    keep: int,
    answer: Answer | None,
) -> Finished:
    sandbox = await session.sandbox()
    own = _with_own(sandbox, env)
    return await sandbox.run(
        argv, cwd=cwd, env=own, stdin=stdin, timeout=timeout, on_output=on_output, keep=keep, answer=answer
    )


def run_python(
    modules: Mapping[str, str],
    main: str,
    *,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float | None = None,
    keep: int = KEPT_BYTES,
) -> Thenable[Finished]:
    """Run a program of the extension's own in a Python of the user's sandbox, for what nobody should do in the host.

    `modules` are its sources by their names; the function `main` of the one called `main` is called, and what it
    returns is the exit code. It reads `stdin`, and may import the standard library and what `sessions.python.PACKAGES`
    the host has. Raises as `start`; 127 is the exit code where the sandbox has no Python.
    """
    return thenable(_run_python(current_session(), modules, main, dict(env or {}), stdin, timeout, keep), "run_python")


async def _run_python(
    session: SessionContext,
    modules: Mapping[str, str],
    main: str,
    env: dict[str, str],
    stdin: bytes,
    timeout: float | None,
    keep: int,
) -> Finished:
    sandbox = await session.sandbox()
    argv = await asyncio.to_thread(python.command, sandbox, main)
    sent = orjson.dumps(dict(modules)) + b"\n" + stdin
    return await sandbox.run(argv, env=_with_own(sandbox, env), stdin=sent, timeout=timeout, keep=keep)


def _with_own(sandbox: Sandbox, env: dict[str, str]) -> dict[str, str]:
    return inherited(sandbox) | env
