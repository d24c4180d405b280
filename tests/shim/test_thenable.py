"""Thenables: work that begins when it is asked for, as the user and the extension who asked."""

from __future__ import annotations

import asyncio

import pytest

from sessions.context import SessionContext
from sessions.current import current_extension, get_current_user_id
from sessions.errors import NoCurrentUser, RoostError
from shim.thenable import called, harmless, thenable

pytestmark = pytest.mark.anyio


async def who() -> tuple[str, str | None]:
    return get_current_user_id(), current_extension()


async def test_the_work_runs_as_who_asked_wherever_it_is_awaited(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered("acme.hello"):
        asked = thenable(who(), "who")
    with ben.entered("other.one"):
        assert await asked == ("ada", "acme.hello")


async def test_outside_of_a_user_nothing_starts_and_no_warning_is_left() -> None:
    with pytest.raises(NoCurrentUser):
        thenable(who(), "who")


async def test_in_a_thread_the_error_says_where_to_call_it(ada: SessionContext) -> None:
    def in_thread() -> None:
        thenable(who(), "who")

    with ada.entered(), pytest.raises(RoostError, match=r"who: there is no event loop here; call it in activate\(\)"):
        await asyncio.to_thread(in_thread)


async def test_plain_and_async_functions_are_called_alike() -> None:
    async def later(number: int) -> int:
        return number

    assert (await called(lambda number: number, 1), await called(later, 2)) == (1, 2)


def test_an_error_that_a_future_can_carry_stays_what_it_is() -> None:
    error = ValueError("x")
    assert harmless(error) is error


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, StopIteration, BaseException])
def test_an_error_that_would_end_the_loop_is_told_by_its_name(kind: type[BaseException]) -> None:
    assert kind.__name__ in str(harmless(kind("x")))
    assert type(harmless(kind("x"))) is not kind
