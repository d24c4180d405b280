"""What every test shares: one event loop backend, and a guard that no test blocks that loop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def loop_is_never_blocked() -> Iterator[BlockBuster]:
    """A blocking call of our own code on a running loop fails the test that made it."""
    with blockbuster_ctx(scanned_modules=["sessions", "shim", "host", "extensions"]) as blockbuster:
        yield blockbuster
