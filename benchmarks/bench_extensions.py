"""What an activated extension costs each user, and for how long loading and unloading stop the loop."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Row, figure

MODULES, EACH = 10, 8

PLAIN = '''
class Thing{n}:
    """One of many things."""

    limit = {n}

    def __init__(self, name, value=0):
        self.name = name
        self.value = value

    def grow(self, by):
        if by < 0:
            raise ValueError("by must be 0 or more")
        self.value += by
        return self.value

    def show(self):
        return f"{{self.name}}: {{self.value}}"


def work{n}(items, wanted=None):
    found = []
    for item in items:
        if wanted is None or item.name == wanted:
            found.append(item)
    return sorted(found, key=lambda one: one.value)
'''

MODEL = '''
class Model{n}(BaseModel):
    """Something from outside."""

    name: str
    value: int = 0
    tags: list[str] = []
'''


def write(folder: Path, kind: str) -> Path:
    """An extension of some 2,000 lines: 80 classes and 80 functions, with `models` 20 pydantic models besides."""
    place = folder / f"weight_{kind}"
    place.mkdir()
    shared = "shared = true\n" if kind == "shared" else ""
    head = f'name = "{kind}"\npublisher = "bench"\nversion = "1.0.0"\n{shared}'
    (place / "extension.toml").write_text(head)
    names = [f"part{n}" for n in range(MODULES)]
    for number, name in enumerate(names):
        numbers = range(number * EACH, (number + 1) * EACH)
        text = "".join(PLAIN.format(n=n) for n in numbers)
        if kind == "models":
            text = "from pydantic import BaseModel\n" + text + "".join(MODEL.format(n=n) for n in numbers if n % 4 == 0)
        (place / f"{name}.py").write_text(text)
    imports = f"from . import {', '.join(names)}\n"
    (place / "extension.py").write_text(imports + "held = []\ndef activate(context):\n    held.append(context)\n")
    return place


class Somebody:
    """A connection, as far as a host looks at one that does nothing."""

    def overdue(self, now: float, wall: float) -> None: ...


class Pulse:
    """How long the loop was away at most, how much of that it computed itself, and how much processor time the longest
    garbage collection took; in ms."""

    def __init__(self) -> None:
        self.worst = self.computed = 0.0
        self.collecting = 0.0
        self.stopped = False
        self._began = 0.0
        gc.callbacks.append(self._collected)

    def _collected(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.thread_time()
        else:
            self.collecting = max(self.collecting, (time.thread_time() - self._began) * 1_000)

    async def run(self) -> None:
        last, own = time.perf_counter(), time.thread_time()
        while not self.stopped:
            await asyncio.sleep(0.001)
            now, used = time.perf_counter(), time.thread_time()
            self.worst = max(self.worst, (now - last) * 1_000 - 1)
            self.computed = max(self.computed, (used - own) * 1_000)
            last, own = now, used
        gc.callbacks.remove(self._collected)


def resident() -> float:
    """KiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


async def measure(kind: str, count: int) -> dict[str, float]:
    """Open `count` users' sessions, activate the extension for each, and end them all; everything in this process."""
    from host.app import create_app
    from host.config import load

    with tempfile.TemporaryDirectory() as folder:
        place = write(Path(folder), kind)
        flags = {"ROOST_DATA": f"{folder}/data", "MULTI_USER": "1", "ROOST_EXTENSIONS__FOLDERS": f'["{place}"]'}
        async with create_app(load({}, flags, None)) as host:
            somebody: Any = Somebody()
            host.connections.add(somebody)  # with nobody connected, everything is collected whenever it suits
            try:
                return await _measure(host, f"bench.{kind}", count)
            finally:
                host.connections.discard(somebody)


async def _measure(host: Any, extension: str, count: int) -> dict[str, float]:
    from shim.extensions import Extensions

    sessions = [await host.sessions.open(f"user{n}") for n in range(count)]
    await sessions[0].get(Extensions).activate(extension)
    before = resident()
    loading, began = Pulse(), time.perf_counter()
    beat = asyncio.create_task(loading.run())
    for session in sessions[1:]:
        await session.get(Extensions).activate(extension)
    took, after = time.perf_counter() - began, resident()
    loading.stopped = True
    await beat
    unloading = Pulse()
    beat = asyncio.create_task(unloading.run())
    sessions.clear()
    for n in range(count):
        await host.sessions.close(f"user{n}")
    await asyncio.sleep(1.5 + count * 0.05)
    unloading.stopped = True
    await beat
    again = await _again(host, extension, count)
    return {
        "each_kib": (after - before) / (count - 1),
        "each_ms": took * 1_000 / (count - 1),
        "loading_ms": loading.worst,
        "loading_own_ms": loading.computed,
        "unloading_ms": unloading.worst,
        "unloading_own_ms": unloading.computed,
        "collecting_ms": max(loading.collecting, unloading.collecting),
        "again_kib": (again - after) / count,
    }


async def _again(host: Any, extension: str, count: int) -> float:
    """The memory once all were loaded a second time: what the first time left is in it."""
    from shim.extensions import Extensions

    for n in range(count):
        session = await host.sessions.open(f"user{n}")
        await session.get(Extensions).activate(extension)
    return resident()


def run(quick: bool) -> list[Row]:
    """Private modules without and with pydantic models, and shared ones, each in a process of its own."""
    count, rows = (60 if quick else 200), []
    for kind in ("plain", "models", "shared"):
        command = [sys.executable, "-m", "benchmarks.bench_extensions", kind, str(count)]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(said.stdout)
        what = f"an extension of 2,000 lines, {kind}, {count} users"
        rows += [
            figure(f"{what}: memory of one more", "KiB", found["each_kib"]),
            figure(f"{what}: the same loaded again", "KiB", found["again_kib"]),
            figure(f"{what}: loading one", "ms", found["each_ms"]),
            figure(f"{what}: longest garbage collection", "ms", found["collecting_ms"]),
            figure(f"{what}: loop stopped by loading", "ms", found["loading_ms"]),
            figure(f"{what}: loop stopped by unloading", "ms", found["unloading_ms"]),
            figure(f"{what}: loop stopped by loading, work of its own", "ms", found["loading_own_ms"]),
            figure(f"{what}: loop stopped by unloading, work of its own", "ms", found["unloading_own_ms"]),
        ]
    return rows


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1], int(sys.argv[2])))))
