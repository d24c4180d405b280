"""Files, mentions and long conversations as the model meets them, over the whole host."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.extensions.coder.repository import FILES
from tests.extensions.coder.scripted import WHOLE, Agent, Model, agents

pytestmark = pytest.mark.anyio

DONE = ("attempt_completion", {"result": "All done."})


async def lay(ada: Agent) -> None:
    for path, text in FILES.items():
        if not path.startswith("~/"):
            await ada.write(path, text)


def system_of(body: dict[str, object]) -> str:
    messages = body["messages"]
    assert isinstance(messages, list)
    return str(messages[0]["content"])


async def test_a_roo_users_repository_steers_the_agent_and_nobody_elses(tmp_path: Path) -> None:
    look = ("list_files", {"path": "."})
    model = Model(main=[look, ("read_file", {"path": "secrets/token.txt"}), DONE], other=[DONE])
    async with agents(tmp_path, model) as agent:
        ada, ben = agent("ada"), agent("ben")
        await lay(ada)
        assert (await ada.rest(await ada.task(mode="reviewer")))["status"] == "completed"
        assert (await ben.rest(await ben.task("script other.")))["status"] == "completed"
    first, *later = model.asked["main"]
    system = system_of(first)
    for said in ("You review pull requests", "integers of cents", "make test", "migrate", "Begin with the tests."):
        assert said in system
    assert {system_of(body) for body in later} == {system}, "the beginning of every step is the same bytes"
    assert len({orjson.dumps(body["tools"]) for body in model.asked["main"]}) == 1
    assert "hunter2" not in orjson.dumps(model.asked["main"]).decode()
    offered = {one["function"]["name"] for one in first["tools"]}
    assert "execute_command" not in offered
    assert {"read_file", "skill", "attempt_completion"} <= offered
    assert "integers of cents" not in system_of(model.asked["other"][0])


async def test_what_a_message_names_stands_behind_it_and_its_command_chooses_the_mode(tmp_path: Path) -> None:
    model = Model(main=[DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await lay(ada)
        task = await ada.task("/release script main. Look at @/src/shop/cart.py", mode="ask")
        assert (await ada.rest(task))["mode"] == "code"
    said = orjson.dumps(model.asked["main"][0]["messages"]).decode()
    assert "Write the changelog, then tag." in said
    assert "1 | def total(items):" in said


async def test_a_condensed_conversation_keeps_what_files_define(tmp_path: Path) -> None:
    read = ("read_file", {"path": "src/shop/cart.py"})
    model = Model(main=[read, ("Read again.", [read]), DONE, "We look at a cart.", DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await lay(ada)
        await ada.write("src/shop/cart.py", "def total(items):\n" + "    x = 1  # a line\n" * 1_500)
        await ada.allow(**WHOLE)
        task = await ada.task()
        await ada.rest(task)
        answer = await ada.client.post(f"/api/v1/tasks/{task}/condense")
        assert answer.status_code == 200, answer.text
        await ada.say(task, "Go on.")
        await ada.rest(task)
    last = orjson.dumps(model.asked["main"][-1]["messages"]).decode()
    assert "We look at a cart." in last
    assert "def total(items):" in last
    assert "# a line" not in last


async def test_a_message_does_not_lead_the_host_to_itself(tmp_path: Path) -> None:
    model = Model(main=[DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.rest(await ada.task("script main. See @http://127.0.0.1:3000/healthz @http://169.254.169.254/latest"))
    said = orjson.dumps(model.asked["main"][0]["messages"]).decode()
    assert said.count("(not to be had: ") == 2
    assert "port 3000 is not open" in said
    assert "which is not public" in said
