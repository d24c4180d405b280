"""What the walks share: a host that takes tokens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.client import Process, running
from tests.tokens import GUARDED


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One host for all the tests of a worker that checks tokens (`tests.tokens`); each test has users of its own."""
    with running(tmp_path_factory.mktemp("guarded") / "data", **GUARDED) as started:
        yield started
