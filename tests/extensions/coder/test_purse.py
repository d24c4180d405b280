"""Tasks that ran out of money go on by themselves once there is more: raised, free again, or a new day's."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.extensions.coder.scripted import Agent, Model, agents
from tests.host.fakes import Asked, openai_says

pytestmark = pytest.mark.anyio

NOTHING, ENOUGH = 0.000001, 5.0
DONE = ("attempt_completion", {"result": "All done."})


async def short(agent: Agent, name: str = "main") -> str:
    """A task that waits for money."""
    task = await agent.task(f"script {name}.")
    waiting = await agent.rest(task)
    assert (waiting["status"], waiting["waitingFor"]) == ("waiting", "budget"), waiting
    assert "over the quota 'budgets.day'" in waiting["message"]
    return task


async def raised(agent: Any, uid: str, **budgets: float) -> None:
    answer = await agent("root", scope="admin").client.put(f"/api/v1/admin/budgets/{uid}", json=budgets)
    assert answer.status_code == 200, answer.text


async def test_a_budget_that_the_operator_raises_lets_the_task_go_on_and_its_user_hears_it(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=[DONE]), budgets={"day": NOTHING}) as agent:
        ada = agent("ada")
        task = await short(ada)
        before = len(await ada.heard("coder.task"))
        await raised(agent, "ada", day=ENOUGH)
        assert (await ada.until(task, "completed"))["result"] == "All done."
        assert (await ada.heard("coder.task"))[before]["status"] == "running"


async def test_one_users_raise_wakes_nobody_else_and_everybodys_wakes_all(tmp_path: Path) -> None:
    model = Model(a=[DONE], b=[DONE], c=[DONE])
    async with agents(tmp_path, model, budgets={"day": NOTHING}) as agent:
        ada, bob, cid = agent("ada"), agent("bob"), agent("cid")
        tasks = [await short(who, name) for who, name in ((ada, "a"), (bob, "b"), (cid, "c"))]
        await raised(agent, "ada", day=ENOUGH)
        await ada.until(tasks[0], "completed")
        assert [(await who.look(task))["waitingFor"] for who, task in ((bob, tasks[1]), (cid, tasks[2]))] == [
            "budget"
        ] * 2
        await raised(agent, "*", day=ENOUGH)
        for who, task in ((bob, tasks[1]), (cid, tasks[2])):
            assert (await who.until(task, "completed"))["result"] == "All done."


async def test_who_sleeps_is_woken_by_a_raise(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=[DONE]), budgets={"day": NOTHING}) as agent:
        ada = agent("ada")
        task = await short(ada)
        await ada.host.sessions.close("ada")
        await raised(agent, "ada", day=ENOUGH)
        async with asyncio.timeout(20):
            while ada.host.sessions.get("ada") is None:  # noqa: ASYNC110  nobody asks for it: it opens by itself
                await asyncio.sleep(0.02)
        assert (await ada.until(task, "completed"))["result"] == "All done."


async def test_a_restart_with_a_larger_budget_lets_the_task_go_on_with_nobody_there(tmp_path: Path) -> None:
    model = Model(main=[DONE])
    async with agents(tmp_path, model, budgets={"day": NOTHING}) as agent:
        task = await short(agent("ada"))
    async with agents(tmp_path, model, budgets={"day": ENOUGH}) as agent:
        assert (await agent("ada").until(task, "completed"))["result"] == "All done."


async def test_the_users_own_budget_is_theirs_to_raise(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=[DONE])) as agent:
        ada = agent("ada")
        session = await ada.host.sessions.open("ada")
        await session.settings.update("budgets.day", NOTHING)
        task = await short(ada)
        await session.settings.update("budgets.day", ENOUGH)
        assert (await ada.until(task, "completed"))["result"] == "All done."


async def test_a_new_day_is_new_money(tmp_path: Path) -> None:
    model = Model(main=["I cost something."], late=[DONE])
    async with agents(tmp_path, model, budgets={"day": 0.1}) as agent:
        ada = agent("ada")
        ledger = ada.host.ledger
        today = ledger._clock()
        ledger._clock = lambda: today
        await ada.rest(await ada.task())
        await raised(agent, "ada", day=NOTHING * 2)
        task = await short(ada, "late")
        ledger._set["ada"] = {"day": 0.1}  # as if it were the night's, without a word to anybody
        assert (await ada.look(task))["waitingFor"] == "budget"
        ledger._clock = lambda: today + 86_400_000
        assert (await ada.until(task, "completed"))["result"] == "All done."


async def test_a_raise_that_is_not_enough_changes_nothing_and_asks_no_model(tmp_path: Path) -> None:
    model = Model(main=[DONE])
    async with agents(tmp_path, model, budgets={"day": NOTHING}) as agent:
        ada = agent("ada")
        task = await short(ada)
        before = await ada.shown(task)
        await raised(agent, "ada", day=NOTHING * 2)
        await raised(agent, "ada", day=NOTHING * 3)
        await ada.host.waker.budget_changed("ada")
        assert (await ada.shown(task), model.asked["main"]) == (before, [])
        await raised(agent, "ada", day=ENOUGH)
        assert (await ada.until(task, "completed"))["result"] == "All done."


async def test_a_task_that_was_paused_or_ended_meanwhile_is_left_alone(tmp_path: Path) -> None:
    model = Model(a=[DONE], b=[DONE])
    async with agents(tmp_path, model, budgets={"day": NOTHING}) as agent:
        ada = agent("ada")
        paused, ended = await short(ada, "a"), await short(ada, "b")
        await ada.client.put(f"/api/v1/tasks/{paused}/pause")
        await ada.client.delete(f"/api/v1/tasks/{ended}")
        await raised(agent, "ada", day=ENOUGH)
        await ada.host.waker.budget_changed("ada")
        assert [(await ada.look(one))["status"] for one in (paused, ended)] == ["paused", "aborted"]
        assert model.asked == {"a": [], "b": []}


async def test_who_was_put_out_before_it_was_noted_that_they_wait_is_woken_all_the_same(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=[DONE]), budgets={"day": NOTHING}) as agent:
        ada = agent("ada")
        task = await short(ada)
        await ada.host.sessions.close("ada")
        folder = tmp_path / "users/ada"
        (folder / "short").unlink(missing_ok=True)
        (folder / "awake").touch()
        await raised(agent, "ada", day=ENOUGH)
        async with asyncio.timeout(20):
            while ada.host.sessions.get("ada") is None:  # noqa: ASYNC110  nobody asks for it: it opens by itself
                await asyncio.sleep(0.02)
        assert (await ada.until(task, "completed"))["result"] == "All done."


async def test_what_one_users_call_frees_of_the_hosts_money_lets_another_go_on_who_sleeps(tmp_path: Path) -> None:
    begun, over = asyncio.Event(), asyncio.Event()

    async def slow(asked: Asked) -> None:
        begun.set()
        await over.wait()
        await openai_says(asked, "I was slow.")

    async with agents(tmp_path, Model(a=[slow], b=[DONE])) as agent:
        ada, bob = agent("ada"), agent("bob")
        first = await ada.task("script a.")
        async with asyncio.timeout(20):
            await begun.wait()
        held = (await ada.host.ledger.host_status())["held"] or 0.0
        await raised(agent, "*", host=held * 1.5)
        second = await bob.task("script b.")
        assert (await bob.rest(second))["waitingFor"] == "budget"
        await bob.host.sessions.close("bob")
        over.set()
        async with asyncio.timeout(20):
            while bob.host.sessions.get("bob") is None:  # noqa: ASYNC110  nobody asks for it: it opens by itself
                await asyncio.sleep(0.02)
        assert (await bob.until(second, "completed"))["result"] == "All done."
        assert (await ada.until(first, "completed"))["result"] == "I was slow."
