"""Two users with real sessions, for the tests of what extensions call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.context import SessionContext
from sessions.manager import SessionManager
from tests.people import people


@pytest.fixture
async def sessions(tmp_path: Path) -> AsyncIterator[SessionManager]:
    """The sessions of a host without extensions."""
    async with people(tmp_path) as opened:
        yield opened


@pytest.fixture
async def ada(sessions: SessionManager) -> SessionContext:
    """Ada's open session."""
    return await sessions.open("ada")


@pytest.fixture
async def ben(sessions: SessionManager) -> SessionContext:
    """Ben's, beside it."""
    return await sessions.open("ben")
