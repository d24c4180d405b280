"""What every test shares: one event loop backend, and a guard that no test blocks that loop."""

from __future__ import annotations

import itertools
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from shim import schemas
from tests.client import Process, running

NAMES = itertools.count(1)

# Hundreds of hosts are started, by four workers that load all tests: without bytecode each compiles all it loads.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Two for each processor: many tests wait for a sandbox or a clock, and the whole took a third less."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else 2 * len(os.sched_getaffinity(0))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def loop_is_never_blocked() -> Iterator[BlockBuster]:
    """A blocking call of our own code on a running loop fails the test that made it."""
    with blockbuster_ctx(scanned_modules=["sessions", "shim", "host", "extensions"]) as blockbuster:
        # Starting a program waits until it is one: measured, well under a millisecond, and not for the host's size.
        blockbuster.functions["os.read"].can_block_in("subprocess.py", "_execute_child")
        yield blockbuster


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """The threads in which values are looked at by a schema, one for each look."""
    threads: list[threading.Thread] = []
    looked = schemas.mistake

    def noted(value: object, schema: Mapping[str, Any]) -> schemas.Mistake | None:
        threads.append(threading.current_thread())
        return looked(value, schema)

    monkeypatch.setattr(schemas, "mistake", noted)
    return threads


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One real host without authentication for all the tests of a worker; each test has users of its own."""
    with running(tmp_path_factory.mktemp("host") / "data") as started:
        yield started


@pytest.fixture
def base(process: Process) -> str:
    """Where the shared host listens: `http://127.0.0.1:port`."""
    return process.base


@pytest.fixture
def alice() -> str:
    """A uid that no other test has."""
    return f"alice{next(NAMES)}"


@pytest.fixture
def bob() -> str:
    """Another one."""
    return f"bob{next(NAMES)}"
