"""The proposal `fetching`: an extension gets a page for its user, within the user's bounds and the operator's."""

from __future__ import annotations

import asyncio

import pytest

from sessions.context import SessionContext
from shim.proposed import fetching
from shim.proposed.fetching import AT_ONCE, FetchFailed, fetch
from tests.sessions.test_web import Far, internet, says

pytestmark = pytest.mark.anyio


async def test_an_extension_gets_a_page(ada: SessionContext) -> None:
    async with internet(Far(index=says(b"<p>hello", Content_Type="text/html"))) as ada.web:
        with ada.entered("acme.reader"):
            page = await fetch("http://public.test/")
            assert (page.text, page.content_type) == ("<p>hello", "text/html")
            with pytest.raises(FetchFailed, match="not public"):
                await fetch("http://loop.test/")


async def test_where_nothing_may_leave_it_is_said_who_can_change_that(ada: SessionContext) -> None:
    with ada.entered("acme.reader"), pytest.raises(FetchFailed, match=r"terminals\.network is none"):
        await fetch("http://public.test/")


async def test_one_user_has_so_many_pages_under_way_and_another_is_not_held_up(
    ada: SessionContext, ben: SessionContext
) -> None:
    far = Far(index=says())
    async with internet(far) as web:
        ada.web = ben.web = web
        with ada.entered("acme.reader"):
            slow = [fetch("http://slow.test/", timeout=20) for _ in range(AT_ONCE + 3)]
        async with asyncio.timeout(5):
            while len(far.dialled) < AT_ONCE:  # noqa: ASYNC110  the far side has no event
                await asyncio.sleep(0.005)
        with ben.entered("acme.reader"):
            assert (await fetch("http://public.test/")).content == b"hello"
        assert len([one for one in far.dialled if one[0] == "93.184.216.51"]) == AT_ONCE
        for one in slow:
            one.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        assert not ada.get(fetching.Fetches).slots.locked()
