"""A user in a real sandbox for the tools that run something, and one without for those that do not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.context import SessionContext
from tests.extensions.coder.uses import Using
from tests.inside import tenants
from tests.people import people


@pytest.fixture
async def ada() -> AsyncIterator[SessionContext]:
    async with tenants("ada") as (_, (session,)):
        with session.entered("roost.coder"):
            yield session


@pytest.fixture
def use(ada: SessionContext) -> Using:
    return Using()


@pytest.fixture
async def owner(tmp_path: Path) -> AsyncIterator[SessionContext]:
    """A user's session without a sandbox, for the tools that run nothing."""
    async with people(tmp_path) as sessions:
        session = await sessions.open("ada")
        with session.entered("roost.coder"):
            yield session


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Where the world of `owner` is on the disk."""
    return tmp_path / "users/ada/root"
