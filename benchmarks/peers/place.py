"""What is measured: a peer that can be installed and that users come to. Nothing is measured here."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx2
import websockets

from benchmarks import servers

PATIENCE_S = 60.0
ENDS_S = 15.0

Opening = Callable[[str], Awaitable[None]]


class Missing(Exception):
    """A peer cannot be measured here; the text says why."""


class Place(Protocol):
    """A peer that runs."""

    ways: dict[str, Opening]
    """How a user who is there opens their first terminal, by what that row is called; the first way is taken first."""

    def pids(self) -> list[int]:
        """Its processes and those of all its users; the measuring ones are not among them."""

    async def arrive(self, user: str) -> None:
        """A user who was never here, until they can work: it is theirs, and it answers them."""


@dataclass(frozen=True)
class Peer:
    """What is measured, by what name."""

    name: str
    install: str
    """What a reader would type to have it."""

    how: str
    """How it was run, and what stands for a user who is ready: a sentence."""

    bring: Callable[[Path], str]
    """Install it in that folder unless it is there; the version. Raises `Missing`."""

    running: Callable[[Path], AbstractAsyncContextManager[Place]]
    """Start what was installed in that folder, where nobody is yet."""

    crowd: int = 0
    """How many more come for what one who does nothing holds, where that of a few cannot be told from chance."""


@contextmanager
def started(command: list[str], home: Path, environ: Mapping[str, str] = {}) -> Iterator[subprocess.Popen[bytes]]:
    """A program in `work` in a home of its own; it and all below it are ended after the body, however they hold on."""
    (home / "work").mkdir(parents=True, exist_ok=True)
    own = {"HOME": str(home), "SHELL": "/bin/bash", "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm"}
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=home / "work",
            env={**own, **environ},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, and kill what is left of it and of all below it, by handles, which mean no other process ever."""
    handles = []
    for pid in servers.below(process.pid):
        with suppress(ProcessLookupError):
            handles.append(os.pidfd_open(pid))
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDS_S)
    for handle in handles:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.close(handle)
    process.wait()


async def says(home: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until it says that. Raises `Missing` where the program ends or is never ready."""
    until = time.monotonic() + PATIENCE_S
    while text not in (home / "log").read_text(errors="replace"):
        await _again(process, until)


async def answers(http: httpx2.AsyncClient, url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until it answers there with success. Raises `Missing` where the program ends or is never ready."""
    until = time.monotonic() + PATIENCE_S
    while True:
        with suppress(httpx2.HTTPError):
            if (await http.get(url)).is_success:
                return
        await _again(process, until)


async def _again(process: subprocess.Popen[bytes], until: float) -> None:
    """Wait for another look. Raises `Missing` where none is of use."""
    if process.poll() is not None:
        raise Missing(f"it ended with {process.returncode} as it was started")
    if time.monotonic() > until:
        raise Missing(f"it was not ready in {PATIENCE_S:.0f} s")
    await asyncio.sleep(0.01)


@asynccontextmanager
async def client(base: str = "", headers: Mapping[str, str] = {}) -> AsyncIterator[httpx2.AsyncClient]:
    """HTTP over loopback, whatever proxy the environment names."""
    async with httpx2.AsyncClient(base_url=base, headers=dict(headers), timeout=PATIENCE_S, trust_env=False) as http:
        yield http


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


Output = AsyncIterator[str]
PROMPT = re.compile(r"[$#] ")


async def prompt(output: Output) -> None:
    """Wait until a terminal shows its prompt. Raises `Missing` where it never does."""
    seen = ""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            async for part in output:
                seen += part
                if PROMPT.search(seen):
                    return
    raise Missing(f"a terminal showed no prompt, but {seen[-200:]!r}")


async def by_terminado(socket: websockets.ClientConnection) -> Output:
    """Output as terminado sends it: lists in JSON."""
    async for message in socket:
        kind, *rest = json.loads(message)
        if kind == "stdout":
            yield rest[0]


async def bare(socket: websockets.ClientConnection) -> Output:
    """Output as it is."""
    async for message in socket:
        yield message if isinstance(message, str) else message.decode(errors="replace")
