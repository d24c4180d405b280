"""A single user's host that others can reach: nobody comes in without the token that it prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.client import connect, running

pytestmark = pytest.mark.anyio


async def test_a_single_users_host_on_every_address_wants_the_token_that_it_prints(tmp_path: Path) -> None:
    tokens = []
    for _ in range(2):
        with running(tmp_path / "data", "--host", "0.0.0.0", MULTI_USER="0") as host:
            base = host.base.replace("0.0.0.0", "127.0.0.1")
            tokens.append(host.log.read_text().split()[-1])
            async with connect(base, None) as stranger:
                answer = await stranger.ask("workspace.fs.stat", {"uri": "/etc/passwd"})
                assert answer["error"]["code"] == -32002
            for token in tokens:  # one from before a restart is good, too
                bearer = {"Authorization": f"Bearer {token}"}
                async with connect(base, None, additional_headers=bearer) as mine:
                    assert (await mine.call("session.open"))["uid"] == "local"
            assert await host.stop() == 0
    assert (tmp_path / "data" / "token.key").stat().st_mode & 0o777 == 0o600
