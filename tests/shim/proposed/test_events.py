"""The proposal `events`: an extension's own events reach its user's clients, under the extension's own name only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from sessions.context import SessionContext
from sessions.errors import InvalidValue, NoCurrentUser
from shim.proposed import events
from tests.people import people

pytestmark = pytest.mark.anyio


async def test_an_event_reaches_its_user_and_nobody_else(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered("acme.hello"):
        number = await events.post("hello.counted", {"words": 3})
    follower = ada.mailbox.follow(number - 1)
    (event,) = await anext(follower)
    assert (event.seq, event.type, orjson.loads(event.data_json)) == (1, "hello.counted", {"words": 3})
    assert ben.mailbox.seq == 0


async def test_only_a_durable_event_is_there_after_a_sleep(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        with (await sessions.open("ada")).entered("acme.hello"):
            await events.post("hello.kept", 1, durable=True)
            await events.post("hello.gone", 2)
        await sessions.close("ada")
        follower = (await sessions.open("ada")).mailbox.follow(0)
        assert [event.type for event in await anext(follower)] == ["hello.kept"]


@pytest.mark.parametrize(
    "type_", ["", "hello", "hello.", "other.x", "workspace.onDidChangeFiles", "Hello.x", "hellox.y", 7]
)
async def test_an_event_of_another_name_is_refused(ada: SessionContext, type_: Any) -> None:
    with ada.entered("acme.hello"), pytest.raises(InvalidValue, match="must begin with the extension's own name"):
        events.post(type_, {})
    assert ada.mailbox.seq == 0


async def test_who_is_no_extension_posts_none(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="needs an extension"):
        events.post("hello.x", {})
    with pytest.raises((InvalidValue, NoCurrentUser)):
        events.post("hello.x", {})
