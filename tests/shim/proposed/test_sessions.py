"""The proposal `sessions`: a command runs as another user, in their session, and as nobody else."""

from __future__ import annotations

import pytest

from sessions.context import SessionContext
from sessions.current import current_extension, get_current_user_id
from sessions.errors import InvalidUid, RoostError
from sessions.manager import SessionManager
from shim.commands import CommandFailed, Commands
from shim.proposed.sessions import Others, execute_command

pytestmark = pytest.mark.anyio


async def test_a_command_runs_as_the_other_user_and_as_its_own_extension(
    ada: SessionContext, ben: SessionContext
) -> None:
    with ben.entered("acme.hello"):
        ben.get(Commands).register("hello.who", lambda: (get_current_user_id(), current_extension()))
    with ada.entered("acme.hook"):
        assert await execute_command("ben", "hello.who") == ("ben", "acme.hello")
        assert (get_current_user_id(), current_extension()) == ("ada", "acme.hook")


async def test_a_session_that_sleeps_is_woken_for_it(ada: SessionContext, sessions: SessionManager) -> None:
    with ada.entered("acme.hook"):
        assert sessions.get("zoe") is None
        with pytest.raises(CommandFailed, match="not found"):
            await execute_command("zoe", "hello.who")
    assert sessions.get("zoe") is not None


async def test_a_uid_that_is_none_is_refused(ada: SessionContext) -> None:
    with ada.entered("acme.hook"), pytest.raises(InvalidUid):
        await execute_command("../ben", "hello.who")


async def test_without_a_way_to_others_it_says_so(ada: SessionContext) -> None:
    ada.get(Others).using = None
    with ada.entered("acme.hook"), pytest.raises(RoostError, match="no way to other users"):
        await execute_command("ben", "hello.who")
