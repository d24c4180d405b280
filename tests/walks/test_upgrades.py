"""Walk: what a user of the first host with the agent had (`first_agent.sql`, as it wrote it) is theirs in this one."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.client import Client, connect, running

pytestmark = pytest.mark.anyio

LEFT = Path(__file__).with_name("first_agent.sql")
RESULT = "It is written."
LAST = 66
"""The number of the last event that they were told of there."""


@asynccontextmanager
async def upgraded(folder: Path) -> AsyncIterator[tuple[Client, httpx2.AsyncClient]]:
    """This host on the data folder of that one, and its user."""
    state = folder / "data/users/ada/state.db"
    state.parent.mkdir(parents=True)
    with closing(sqlite3.connect(state, isolation_level=None)) as left:
        left.executescript(f"PRAGMA journal_mode = WAL; BEGIN; {LEFT.read_text()} COMMIT;")
    with running(folder / "data") as host:
        async with (
            connect(host.base, "ada") as client,
            httpx2.AsyncClient(base_url=host.base, params={"uid": "ada"}, timeout=20) as web,
        ):
            yield client, web
        assert await host.stop() == 0


async def tasks(web: httpx2.AsyncClient) -> dict[str, dict[str, Any]]:
    """By what they are about, as the list has them."""
    return {one["title"]: one for one in (await web.get("/api/v1/tasks")).json()["tasks"]}


async def rest(web: httpx2.AsyncClient, place: str) -> dict[str, Any]:
    """A task once it has ended, allowed whatever it asks leave for: a leave that was asked for there is asked anew."""
    async with asyncio.timeout(20):
        while (found := (await web.get(place)).json())["status"] in ("waiting", "running", "pending"):
            for one in found["approvals"]:
                assert one["tool"] == "write_to_file"
                await web.post(f"{place}/approvals/{one['approvalId']}", json={"decision": "once"})
            await asyncio.sleep(0.02)
    return found


async def test_tasks_of_the_first_agent_are_shown_and_one_that_waits_goes_on(tmp_path: Path) -> None:
    async with upgraded(tmp_path) as (client, web):
        assert (await client.call("session.open", after=LAST - 1))["seq"] >= LAST
        assert (await client.next())["params"]["seq"] == LAST, "what was not seen yet is told"
        assert await client.call("state.get", scope="global", key="colour") == "red"
        assert await client.call("workspace.getConfiguration", section="coder.language") == "Icelandic"
        found = await tasks(web)
        done, waits = found["Write the lights."], found["Write the bells."]
        assert (done["status"], waits["status"], waits["waitingFor"]) == ("completed", "waiting", "approval")
        assert [one["status"] for one in waits["todos"]] == ["completed", "pending"]

        said = (await web.get(f"/api/v1/tasks/{done['taskId']}/messages")).json()["messages"]
        kinds = ["user", "assistant", "tool", "assistant", "tool", "checkpoint", "tool", "completion"]
        assert [one["kind"] for one in said] == kinds
        assert said[-1]["text"] == RESULT

        place = f"/api/v1/tasks/{waits['taskId']}"
        (asked,) = (await web.get(place)).json()["approvals"]
        assert "+two" in asked["shown"]["diff"]
        ended = await rest(web, place)
        assert (ended["status"], ended["result"]) == ("completed", RESULT)
        written = await client.call("workspace.fs.readFile", uri="/workspace/bells.txt")
        assert written["content"] == "one\ntwo\n"
        used = (await web.get("/api/v1/usage", params={"by": "month"})).json()
        assert used["calls"] == 6, "five were counted there"


async def test_a_task_of_the_first_agent_takes_a_message_and_is_removed(tmp_path: Path) -> None:
    async with upgraded(tmp_path) as (_, web):
        place = f"/api/v1/tasks/{(await tasks(web))['Write the lights.']['taskId']}"
        sent = await web.post(f"{place}/messages", json={"message": "Thank you."})
        assert sent.status_code == 200, sent.text
        assert (await rest(web, place))["status"] == "completed"
        last = (await web.get(f"{place}/messages")).json()["messages"]
        assert [one.get("text") for one in last if one["kind"] == "user"] == ["Write the lights.", "Thank you."]
        assert (await web.delete(place)).status_code == 204
        assert list(await tasks(web)) == ["Write the bells."]
