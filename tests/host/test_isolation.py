"""What a host finds of isolation, asked by those who come: it is tried once, unless it could not be told."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sessions import startup
from tests.hosted import hosted

pytestmark = pytest.mark.anyio


async def test_what_could_not_be_found_while_the_disk_was_full_is_found_once_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with hosted(tmp_path) as (host, user):
        with monkeypatch.context() as patch:
            patch.setattr(startup, "write", full)
            assert (await user("ada").get("/api/health")).status_code == 500
        healthy = await user("ada").get("/api/health")
        assert healthy.status_code == 200
        assert healthy.json()["services"]["isolation"] == (await host.isolation.found())[0].name
