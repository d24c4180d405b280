"""`python -m benchmarks.peers [--keep]`: what peers cost where they can be installed, beside Roost taken the same way.

Each is installed into a virtual environment of its own, measured over loopback, and removed; none is a dependency.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import bench_memory, numbers, people, report, servers

KIB = 1024
PATIENCE_S = 60.0

NOT_MEASURED = [
    "code-server, opencode: a process a user, installed with npm; their figures are not taken by this script.",
    "ttyd: a program in C, not on PyPI. terminado is measured by the benchmark `terminals` where it is installed.",
]

Peer = dict[str, Any]


class Missing(Exception):
    """A peer cannot be installed here, in a sentence."""


def install(place: Path, package: str) -> tuple[Path, str]:
    """The folder of a new environment's programs, and the version that is in it. Raises `Missing`."""
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin/python"), "-m", "pip"]
    done = subprocess.run([*pip, "install", "--quiet", package], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"{package}: could not be installed here: {done.stderr.strip().splitlines()[-1][:200]}")
    told = subprocess.run([*pip, "show", package], capture_output=True, text=True, check=True).stdout
    return place / "bin", told.partition("Version: ")[2].partition("\n")[0]


@contextmanager
def served(command: list[str], home: Path, url: str) -> Iterator[tuple[int, float]]:
    """A server once it answers: its process, and the seconds until then."""
    environ = {**os.environ, "HOME": str(home)}
    began = time.perf_counter()
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=home, env=environ, stdout=quiet, stderr=quiet) as process:
        try:
            while not _answers(url):
                if process.poll() is not None or time.perf_counter() - began > PATIENCE_S:
                    raise Missing(f"{command[0]} did not answer at {url}")
            yield process.pid, time.perf_counter() - began
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status < 400)
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def jupyter(folder: Path) -> list[Peer]:
    """A user's server of JupyterHub, which is a `jupyter-server` each: until it answers, and what it holds idle."""
    programs, version = install(folder / "jupyter", "jupyter-server")
    port, took, held = free_port(), [], []
    command = [str(programs / "jupyter-server"), f"--port={port}", "--no-browser", "--allow-root"]
    command += ["--ServerApp.token=", "--ServerApp.password=", "--ServerApp.ip=127.0.0.1"]
    for _ in range(3):
        with served(command, folder, f"http://127.0.0.1:{port}/api") as (pid, seconds):
            time.sleep(2)
            took.append(seconds)
            held.append(servers.resident(pid) / KIB)
    took_ms, held_kib = 1e3 * statistics.median(took), statistics.median(held)
    ready, idle = roost()
    what = "jupyter-server, the process that JupyterHub starts for each user"
    return [
        {"what": f"{what}: until it answers", "version": version, "figure": took_ms, "ours": ready,
         "unit": "ms", "how": "started, asked until `/api` answers, median of 3; Roost: `session.open` of a new user"},
        {"what": f"{what}: memory of an idle user", "version": version, "figure": held_kib, "ours": idle,
         "unit": "KiB", "how": "resident 2 s later; Roost: 200 idle users, by user"},
    ]  # fmt: skip


def roost() -> tuple[float, float]:
    """Milliseconds to a new user's session, and KiB of an idle one."""
    with servers.host() as host:
        took = asyncio.run(_ready(host.port))
    with servers.host() as host:
        idle, _ = asyncio.run(bench_memory.cost(host, 200, bench_memory.idle))
    return took, idle


async def _ready(port: int) -> float:
    await people.arrive(port, "warm")
    took = []
    for number in range(20):
        began = time.perf_counter()
        await people.arrive(port, f"new{number}")
        took.append(1e3 * (time.perf_counter() - began))
    return statistics.median(took)


def main() -> None:
    """Take them, print them, and with `--keep` write them into docs/numbers.md."""
    run, rows, load = report.begun() | {"not_measured": list(NOT_MEASURED)}, [], os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="roost-peers-") as folder:
        try:
            rows += jupyter(Path(folder))
        except Missing as missing:
            run["not_measured"].append(str(missing))
    run["benchmarks"]["peers"] = report.stamp(load) | {"rows": rows}
    print(numbers.peers(run))
    if "--keep" in sys.argv:
        numbers.PEERS.write_text(json.dumps(run, indent=1) + "\n")
        numbers.write()


if __name__ == "__main__":
    main()
