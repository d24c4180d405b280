"""A user in a real sandbox, for the tools that run something."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sessions.context import SessionContext
from tests.extensions.coder.uses import Using
from tests.inside import tenants


@pytest.fixture
async def ada() -> AsyncIterator[SessionContext]:
    async with tenants("ada") as (_, (session,)):
        with session.entered("roost.coder"):
            yield session


@pytest.fixture
def use(ada: SessionContext) -> Using:
    return Using()
