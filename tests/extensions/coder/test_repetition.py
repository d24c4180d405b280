"""An agent that goes round in circles is stopped, and one that works is not. Roo Code's cases are in `test_texts`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from extensions.coder.repetition import counted, ended
from tests.extensions.coder.scripted import WHOLE, Agent, Model, agents

pytestmark = pytest.mark.anyio

DONE = ("attempt_completion", {"result": "All done."})


def read(name: str) -> tuple[str, dict[str, str]]:
    return ("read_file", {"path": name})


def made(calls: str, results: Sequence[str] = (), limit: int = 3) -> int:
    """How many calls, of one letter each, are made before one is stopped; where no results are given, all are equal."""
    record: Any = None
    for at, call in enumerate(calls):
        if (record := counted(record, call, limit)) is None:
            return at
        record = ended(record, call, results[at] if results else "same")
    return len(calls)


@pytest.mark.parametrize(
    ("calls", "limit", "count"),
    [("AAAA", 3, 3), ("ABABABAB", 3, 6), ("ABCABCABCABC", 3, 9), ("AABAABAABAAB", 3, 9), ("XABABABA", 3, 7),
     ("ABABAB", 2, 4), ("ABABAB", 1, 4), ("ABA", 1, 3), ("ABABABAB", 0, 8)],
)  # fmt: skip
def test_what_is_done_in_turn_is_stopped_when_it_begins_anew_once_too_often(calls: str, limit: int, count: int) -> None:
    assert made(calls, limit=limit) == count


@pytest.mark.parametrize("calls", ["ABABACABABAC", "ABCDABCDABCDABCD", "ABABAXBABABX", "ABAB"])
def test_what_is_no_circle_of_two_or_three_goes_on(calls: str) -> None:
    assert made(calls) == len(calls)


def test_a_circle_in_which_something_comes_of_it_goes_on() -> None:
    assert made("ABABABABABAB", [str(at) for at in range(12)]) == 12
    assert made("ABABABAB", ["", "", "", "", "", "new", "", ""]) == 8


async def asked(ada: Agent, **more: Any) -> str:
    """What the user of a task is asked."""
    waiting = await ada.rest(await ada.task(**more))
    assert (waiting["status"], waiting["waitingFor"]) == ("waiting", "question")
    return str(waiting["question"]["text"])


async def test_an_agent_that_does_two_things_in_turn_and_gets_nowhere_is_stopped(tmp_path: Path) -> None:
    model = Model(main=[read("a.txt"), read("b.txt")] * 4)
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.write("a.txt", "a")
        await ada.write("b.txt", "b")
        assert "again and again" in await asked(ada)
        assert len(model.asked["main"]) == 7


async def test_the_same_call_many_times_side_by_side_is_made_no_oftener_than_in_a_row(tmp_path: Path) -> None:
    model = Model(main=[[read("a.txt")] * 6])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.write("a.txt", "a")
        task = await ada.task()
        await ada.until(task, "waiting")
        assert [status for _, status, _ in await ada.tools(task)].count("done") <= 3


async def test_an_agent_that_tries_nothing_but_what_is_denied_is_stopped_and_its_user_asked(tmp_path: Path) -> None:
    tries = ["sudo id", "sudo -u root id", "sh -c 'sudo id'", "sudo whoami"]
    model = Model(main=[("execute_command", {"command": line}) for line in tries])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE, deniedCommands=["sudo"])
        assert "what is denied" in await asked(ada)
        assert len(model.asked["main"]) == 3


async def test_an_agent_that_is_denied_something_and_goes_on_with_other_work_is_left_alone(tmp_path: Path) -> None:
    denied = [("execute_command", {"command": f"sudo id {at}"}) for at in range(4)]
    model = Model(main=[*denied[:2], read("a.txt"), *denied[2:], DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE, deniedCommands=["sudo"])
        await ada.write("a.txt", "a")
        assert (await ada.rest(await ada.task()))["status"] == "completed"
