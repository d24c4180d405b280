"""Many users' tasks on a host that runs only so many: fair between users, told, and still in line after a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.extensions.coder.scripted import Agent, Model, agents
from tests.host.fakes import Asked, openai_says

pytestmark = pytest.mark.anyio


class Held(Model):
    """Answers "Done." to each task once it is let, and knows whose task was asked in which order."""

    def __init__(self, *names: str) -> None:
        super().__init__(**dict.fromkeys(names, ()))
        self.order: list[str] = []
        self.now = self.most = 0
        self._places = asyncio.Semaphore(0)
        self._news = asyncio.Event()

    def let(self, answers: int = 1) -> None:
        for _ in range(answers):
            self._places.release()

    async def __call__(self, asked: Asked) -> None:
        text = str(asked.body["messages"])
        self.order.append(next(name for name in self.scripts if f"script {name}." in text))
        self.now += 1
        self.most = max(self.most, self.now)
        self._news.set()
        await self._places.acquire()
        self.now -= 1
        await openai_says(asked, "Done.")

    async def asked_for(self, count: int) -> list[str]:
        """The first tasks that asked, once there are so many."""
        async with asyncio.timeout(20):
            while len(self.order) < count:
                self._news.clear()
                await self._news.wait()
        return self.order[:count]


async def position(agent: Agent, task: str, at: int) -> dict[str, Any]:
    return await agent.when(task, lambda found: found.get("queuePosition") == at)


async def test_a_task_beyond_the_hosts_places_waits_says_where_and_goes_on(tmp_path: Path) -> None:
    model = Held("a", "b")
    async with agents(tmp_path, model, agents={"running": 1}) as agent:
        ada, bob = agent("ada"), agent("bob")
        first = await ada.task("script a.")
        await model.asked_for(1)
        second = await bob.task("script b.")
        assert (await position(bob, second, 1))["status"] == "pending"
        (listed,) = (await bob.client.get("/api/v1/tasks")).json()["tasks"]
        assert listed["queuePosition"] == 1
        told = [one.get("queuePosition") for one in await bob.heard("coder.task")]
        assert told == [None, 1]
        model.let(2)
        ended = await bob.rest(second)
        assert (ended["status"], ended.get("queuePosition"), ended["model"]) == ("completed", None, "acme/m")
        assert (await ada.rest(first))["status"] == "completed"


async def test_who_has_fewest_running_goes_first_however_many_another_began_before(tmp_path: Path) -> None:
    model = Held("a1", "a2", "a3", "a4", "b1", "c1")
    async with agents(tmp_path, model, agents={"running": 1}) as agent:
        ada, bob, cid = agent("ada"), agent("bob"), agent("cid")
        tasks = [(ada, await ada.task(f"script a{at}.")) for at in range(1, 5)]
        await model.asked_for(1)
        tasks += [(bob, await bob.task("script b1.")), (cid, await cid.task("script c1."))]
        for who, task in tasks[1:]:
            await who.when(task, lambda found: "queuePosition" in found)
        model.let(len(tasks))
        for who, task in tasks:
            assert (await who.rest(task))["status"] == "completed"
        assert model.order[0][0] == "a"
        assert set(model.order[1:4]) >= {"b1", "c1"}, "another user's many tasks went first"
        assert model.most == 1


async def test_twenty_users_share_the_places_and_every_task_ends(tmp_path: Path) -> None:
    names = [f"u{user:02}t{at}" for user in range(20) for at in range(2)]
    model = Held(*names)
    async with agents(tmp_path, model, agents={"running": 4}) as agent:
        people = {name[:3]: agent(name[:3]) for name in names}
        tasks = [(people[name[:3]], await people[name[:3]].task(f"script {name}.")) for name in names]
        model.let(len(names))
        for who, task in tasks:
            assert (await who.rest(task, seconds=60))["status"] == "completed"
        assert sorted(model.order) == sorted(names)
        assert model.most <= 4


async def test_those_in_line_are_in_line_after_a_restart_and_go_on_with_nobody_there(tmp_path: Path) -> None:
    model = Held("a", "b", "c")
    async with agents(tmp_path, model, agents={"running": 1}) as agent:
        ada = agent("ada")
        tasks = [await ada.task("script a."), await ada.task("script b."), await ada.task("script c.")]
        await model.asked_for(1)
        await position(ada, tasks[2], 2)
    async with agents(tmp_path, model, agents={"running": 1}) as agent:
        assert (await model.asked_for(2))[1] == "a", "the one that ran goes on first"
        model.let(3 + 1)  # one answer was let nobody has heard
        ada = agent("ada")
        for task in tasks:
            assert (await ada.rest(task))["status"] == "completed"
        assert model.order[2:] == ["b", "c"]


async def test_a_user_who_wants_more_at_the_same_time_gets_them_at_once(tmp_path: Path) -> None:
    model = Held("a", "b")
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.set(maxConcurrentTasks=1)
        tasks = [await ada.task("script a."), await ada.task("script b.")]
        await model.asked_for(1)
        await position(ada, tasks[1], 1)
        await ada.set(maxConcurrentTasks=2)
        assert await model.asked_for(2) == ["a", "b"]
        model.let(2)
        for task in tasks:
            assert (await ada.rest(task))["status"] == "completed"


async def test_a_task_in_line_can_be_paused_and_aborted(tmp_path: Path) -> None:
    model = Held("a", "b", "c")
    async with agents(tmp_path, model, agents={"running": 1}) as agent:
        ada = agent("ada")
        first, second, third = [await ada.task(f"script {name}.") for name in "abc"]
        await position(ada, third, 2)
        paused = await ada.client.put(f"/api/v1/tasks/{second}/pause")
        assert (paused.status_code, paused.json()["status"]) == (200, "paused")
        await position(ada, third, 1)
        await ada.client.put(f"/api/v1/tasks/{second}/resume")
        resumed = await position(ada, second, 2)
        assert resumed["status"] == "pending"
        assert (await ada.client.delete(f"/api/v1/tasks/{second}")).json()["status"] == "aborted"
        model.let(2)
        for task in (first, third):
            assert (await ada.rest(task))["status"] == "completed"
        assert model.order == ["a", "c"]
