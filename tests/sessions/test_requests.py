"""Requests to a user's clients."""

from __future__ import annotations

import asyncio

import pytest

from sessions.errors import Overloaded
from sessions.requests import KEEP, ClientRefused, Requests

pytestmark = pytest.mark.anyio


async def test_the_first_answer_wins_and_later_ones_do_nothing() -> None:
    requests = Requests()
    future = requests.ask("window.showMessage", {"message": "Go on?"})
    [waiting] = requests.waiting
    assert requests.answer(waiting.id, "Yes", None)
    assert not requests.answer(waiting.id, "No", None)
    assert await future == "Yes"
    await asyncio.sleep(0)
    assert requests.waiting == []


async def test_an_answer_to_nothing_that_was_asked_does_nothing() -> None:
    requests = Requests()
    future = requests.ask("window.showMessage", {})
    first = requests.waiting[0].id
    for id_ in (None, 1, f"{first}1", "", True, [first]):
        assert not requests.answer(id_, "Yes", None)
    assert not future.done()
    future.cancel()


async def test_a_late_answer_of_an_earlier_life_answers_nothing_of_this_one() -> None:
    before, now = Requests(), Requests()
    before.ask("window.showMessage", {"message": "Keep a copy?"}).cancel()
    asked = now.ask("window.showMessage", {"message": "Delete all?"})
    assert not now.answer(before.waiting[0].id, "Yes", None)
    assert not asked.done()
    asked.cancel()


async def test_an_error_answer_reaches_who_asked_as_a_sentence() -> None:
    requests = Requests()
    future = requests.ask("window.showInputBox", {})
    requests.answer(requests.waiting[0].id, None, {"code": 1, "message": "no window here"})
    with pytest.raises(ClientRefused, match="no window here"):
        await future


async def test_listeners_hear_of_asking_and_settling_until_they_stop() -> None:
    requests = Requests()
    heard: list[int] = []
    undo = requests.listen(lambda: heard.append(len(requests.waiting)))
    future = requests.ask("window.showMessage", {})
    future.cancel()
    await asyncio.sleep(0)
    assert heard == [1, 0]
    undo()
    undo()
    requests.ask("window.showMessage", {}).cancel()
    assert heard == [1, 0]


async def test_requests_that_nobody_reads_do_not_pile_up_without_end() -> None:
    requests = Requests()
    for _ in range(KEEP):
        requests.ask("window.showMessage", {})
    with pytest.raises(Overloaded):
        requests.ask("window.showMessage", {})
    requests.withdraw()
    await asyncio.sleep(0)
    assert requests.waiting == []
