"""Whose turn it is."""

from __future__ import annotations

import asyncio

import pytest

from sessions.current import checked_uid, current_session, current_turn, get_current_user_id, with_user
from sessions.errors import InvalidUid, NoCurrentUser, NoSession

pytestmark = pytest.mark.anyio


def test_outside_of_a_user_the_error_says_how_to_enter_one() -> None:
    assert current_turn() is None
    with pytest.raises(NoCurrentUser, match="with_user"):
        get_current_user_id()
    with pytest.raises(NoCurrentUser, match="with_user"):
        current_session()


def test_a_named_user_without_a_session_is_told_apart_from_nobody() -> None:
    with with_user("ada"):
        assert get_current_user_id() == "ada"
        with pytest.raises(NoSession, match="ada"):
            current_session()


def test_turns_nest_and_end_also_when_the_body_raises() -> None:
    with with_user("ada"):
        with pytest.raises(ZeroDivisionError), with_user("grace"):
            assert get_current_user_id() == "grace"
            1 / 0  # noqa: B018
        assert get_current_user_id() == "ada"
    assert current_turn() is None


async def test_each_task_and_thread_keeps_the_user_that_it_was_started_by() -> None:
    async def who() -> str:
        await asyncio.sleep(0)
        return await asyncio.to_thread(get_current_user_id)

    async def named(uid: str) -> str:
        with with_user(uid):
            async with asyncio.TaskGroup() as group:
                return await group.create_task(who())

    uids = [f"user{number}" for number in range(50)]
    assert await asyncio.gather(*map(named, uids)) == uids


GOOD = ["a", "0", "Ada", "ada.l", "ada_l", "ada@example.org", "a+b", "A" * 128, "x-y"]
BAD = [
    "",
    ".",
    "..",
    ".a",
    "-a",
    "_a",
    "@a",
    "+a",
    "a" * 129,
    "a/b",
    "a\\b",
    "a b",
    "a\n",
    "\na",
    "a\0",
    "é",
    "ａ",
    "a%2e",
    "../a",
    "а",
]


@pytest.mark.parametrize("uid", GOOD)
def test_a_good_uid_is_taken_as_it_is(uid: str) -> None:
    assert checked_uid(uid) is uid


@pytest.mark.parametrize("uid", [*BAD, None, 7, b"ada", ["ada"], True])
def test_a_bad_uid_is_refused_with_the_rule(uid: object) -> None:
    with pytest.raises(InvalidUid, match="must fully match"):
        checked_uid(uid)
