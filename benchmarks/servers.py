"""Servers for the benchmarks, each in a process of its own: the real host, and the bare floor beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ECHO = """
import asyncio, resource, socket, orjson, uvicorn, uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

async def echo(socket):
    await socket.accept()
    try:
        while True:
            message = orjson.loads(await socket.receive_text())
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": message["params"]}
            await socket.send_text(orjson.dumps(answer).decode())
    except Exception:
        pass

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(4096)
config = uvicorn.Config(Starlette(routes=[WebSocketRoute("/ws", echo)]), ws="websockets-sansio", log_config=None,
    access_log=False, ws_per_message_deflate=False, lifespan="off", backlog=4096)
print("listening on http://127.0.0.1:%d" % listener.getsockname()[1], flush=True)
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(uvicorn.Server(config).serve(sockets=[listener]))
"""


LARGE = """
import os, sys
ballast = bytearray(os.urandom(4096) * (%d // 4096))
from host.__main__ import main
main()
"""
"""The host, in a process that holds so many bytes beside it."""


@dataclass(frozen=True)
class Server:
    """A server that listens at `port`; a host has its users in `data`."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path = Path()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    @property
    def cpu_s(self) -> float:
        """Seconds of processor time that the process has used."""
        return cpu_s(self.pid)

    @property
    def loop_cpu_s(self) -> float:
        """Seconds of processor time of the process's first thread alone, which a host has its event loop in."""
        return cpu_s(self.pid, f"/task/{self.pid}")

    @property
    def resident(self) -> int:
        """Bytes of memory that the process holds now."""
        return resident(self.pid)

    @property
    def threads(self) -> int:
        """How many threads the process has now."""
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def stop(self, within_s: float = 30.0) -> int:
        """Send SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(within_s)


def cpu_s(pid: int, thread: str = "") -> float:
    """Seconds of processor time that a process has used, or with `/task/TID` one thread of it."""
    fields = Path(f"/proc/{pid}{thread}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Bytes of memory that a process holds now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def below(pid: int) -> list[int]:
    """A process and all its descendants; one that ends meanwhile is left out."""
    found = [pid]
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [each for child in task.read_text().split() for each in below(int(child))]
    return found


@contextmanager
def echo() -> Iterator[Server]:
    """The floor: Starlette and orjson, nothing else."""
    with floor(ECHO) as server:
        yield server


@contextmanager
def host(data: Path | None = None, ballast: int = 0, **environ: str) -> Iterator[Server]:
    """The real host, multi-user, on a fresh data folder unless one is given, holding `ballast` bytes beside its own."""
    with tempfile.TemporaryDirectory(prefix="roost-bench-") as folder:
        os.chmod(folder, 0o711)  # where the host is root, its users' own uids pass here
        data = data or Path(folder, "data")
        program = ["-c", LARGE % ballast] if ballast else ["-m", "host"]
        with started([*program, "--port", "0", "--data", str(data)], {"MULTI_USER": "1", **environ}, data) as server:
            yield server


@contextmanager
def floor(program: str, *arguments: str) -> Iterator[Server]:
    """A bare server, as a Python program that prints where it listens."""
    with started(["-c", program, *arguments], {}) as server:
        yield server


@contextmanager
def started(arguments: list[str], environ: dict[str, str], data: Path = Path()) -> Iterator[Server]:
    """Python with these arguments, once it has printed where it listens; it is ended after the body."""
    process = subprocess.Popen(
        [sys.executable, *arguments], env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout
    try:
        line = process.stdout.readline().decode()
        if "listening on" not in line:
            raise RuntimeError(f"{arguments[:2]} did not start")
        yield Server(process, int(line.rsplit(":", 1)[1]), data)
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
