"""Tasks of the agent over HTTP: what a user begins, allows, refuses, says and ends, and what becomes of it."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest

from shim import schemas
from tests.extensions.coder.scripted import WHOLE, Model, agents
from tests.host.fakes import Asked

pytestmark = pytest.mark.anyio

DONE = ("attempt_completion", {"result": "All done."})
PICTURE = "data:image/png;base64,{}"


async def test_a_task_asks_before_a_command_and_goes_on_once_it_is_allowed(tmp_path: Path) -> None:
    model = Model(main=[("Look.", [("execute_command", {"command": "echo hello > made.txt"})]), DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        task = await ada.task()
        waiting = await ada.rest(task)
        assert (waiting["status"], waiting["waitingFor"]) == ("waiting", "approval")
        assert waiting["approvals"][0]["shown"]["command"] == "echo hello > made.txt"
        assert await ada.read("made.txt") is None
        await ada.decide(task)
        ended = await ada.rest(task)
        assert (ended["status"], ended.get("result")) == ("completed", "All done."), await ada.shown(task)
        assert await ada.read("made.txt") == "hello\n"


async def test_a_refused_command_does_not_run_and_the_model_reads_why(tmp_path: Path) -> None:
    model = Model(main=[("execute_command", {"command": "touch made.txt"}), DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        task = await ada.task()
        await ada.decide(task, "reject", reason="use write_to_file")
        assert (await ada.rest(task))["status"] == "completed"
        assert await ada.read("made.txt") is None
        assert "use write_to_file" in str(model.asked["main"][1]["messages"])


async def test_what_is_always_allowed_is_not_asked_again(tmp_path: Path) -> None:
    calls = [("execute_command", {"command": f"echo {at}"}) for at in "abc"]
    model = Model(main=[*calls, DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        task = await ada.task()
        await ada.decide(task, "always")
        assert (await ada.rest(task))["status"] == "completed"
        assert [status for _, status, _ in await ada.tools(task)] == ["done"] * 4


async def test_an_answer_without_a_call_ends_the_task_with_its_text(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=["It is 42."])) as agent:
        ada = agent("ada")
        ended = await ada.rest(await ada.task())
        assert (ended["status"], ended["result"], ended["cost"]) == ("completed", "It is 42.", pytest.approx(0.000164))


async def test_a_question_waits_for_its_answer(tmp_path: Path) -> None:
    asked = ("ask_followup_question", {"question": "Which?", "follow_up": [{"text": "Red"}, {"text": "Blue"}]})
    model = Model(main=[asked, DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        task = await ada.task()
        waiting = await ada.rest(task)
        assert (waiting["waitingFor"], waiting["question"]["text"]) == ("question", "Which?")
        await ada.say(task, "Blue")
        assert (await ada.rest(task))["status"] == "completed"
        assert "<answer>\\nBlue\\n</answer>" in str(model.asked["main"][1]["messages"]).replace("\n", "\\n")


async def test_the_input_of_a_large_call_is_looked_at_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: list[threading.Thread]
) -> None:
    monkeypatch.setattr(schemas, "QUICK", 0)  # so that any input is a large one
    model = Model(main=[DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.rest(await ada.task())
    assert looks
    assert threading.current_thread() not in looks


async def test_a_task_below_another_has_a_mode_of_its_own_and_its_result_comes_back(tmp_path: Path) -> None:
    below = ("new_task", {"mode": "ask", "message": "script child."})
    model = Model(main=[below, DONE], child=[("attempt_completion", {"result": "The answer is 7."})])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task(mode="orchestrator")
        ended = await ada.rest(task)
        assert ended["status"] == "completed", await ada.shown(task)
        assert "The answer is 7." in str(model.asked["main"][1]["messages"])
        answer = await ada.client.get("/api/v1/tasks", params={"parent": task})
        assert answer.status_code == 200, answer.text
        listed = answer.json()["tasks"]
        assert [(one["mode"], one["status"]) for one in listed] == [("ask", "completed")]


async def test_a_task_of_somebody_else_is_not_there(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=["Hello."])) as agent:
        ada, bob = agent("ada"), agent("bob")
        task = await ada.task()
        await ada.rest(task)
        for method, path in (("GET", ""), ("DELETE", ""), ("PUT", "/pause"), ("PUT", "/resume"), ("GET", "/messages")):
            assert (await bob.client.request(method, f"/api/v1/tasks/{task}{path}")).status_code == 404
        assert (await bob.client.get("/api/v1/tasks")).json() == {"tasks": []}


async def test_a_task_is_aborted_then_removed(tmp_path: Path) -> None:
    model = Model(main=[("execute_command", {"command": "sleep 1000"})])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task()
        await ada.when(task, lambda found: found["status"] == "running")
        first = await ada.client.delete(f"/api/v1/tasks/{task}")
        assert (first.status_code, first.json()["status"]) == (200, "aborted")
        assert (await ada.client.delete(f"/api/v1/tasks/{task}")).status_code == 204
        assert (await ada.client.get(f"/api/v1/tasks/{task}")).status_code == 404


async def test_a_model_that_takes_no_pictures_is_asked_without_them(tmp_path: Path) -> None:
    async def refuses(asked: Asked) -> None:
        await asked.refuse(400, "unknown variant `image_url`")

    model = Model(main=[refuses, ("list_files", {"path": "."}), DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        ended = await ada.rest(await ada.task(images=[PICTURE.format("aGk=")]))
    assert ended["status"] == "completed"
    assert ["image_url" in str(asked["messages"]) for asked in model.asked["main"]] == [True, False, False]
    assert "which this model does not see" in str(model.asked["main"][1]["messages"])


async def test_bad_requests_name_the_field_and_change_nothing(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=[])) as agent:
        ada = agent("ada")
        for body, field in (
            ({}, "message"),
            ({"message": ""}, "message"),
            ({"message": "x", "mode": "nobody"}, "mode"),
            ({"message": "x", "model": "none"}, "model"),
            ({"message": "x", "images": ["nothing"]}, "images"),
            ({"message": "x", "images": [PICTURE.format(base64.b64encode(bytes(3_000_000)).decode())] * 2}, "together"),
            ({"message": "x", "more": 1}, "more"),
        ):
            answer = await ada.client.post("/api/v1/tasks", json=body)
            assert answer.status_code == 422, answer.text
            assert field in answer.json()["detail"]
        assert (await ada.client.get("/api/v1/tasks")).json() == {"tasks": []}


async def test_a_call_of_megabytes_is_shown_in_part_and_done_whole(tmp_path: Path) -> None:
    text = "a line of a large file\n" * 100_000
    model = Model(main=[("write_to_file", {"path": "large.txt", "content": text}), DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        task = await ada.task()
        waiting = await ada.rest(task)
        assert waiting["status"] == "waiting", await ada.shown(task)
        assert len(str(waiting["approvals"])) < 1_000_000
        await ada.decide(task)
        ended = await ada.rest(task)
        assert ended["status"] == "completed", await ada.shown(task)
        assert await ada.read("large.txt") == text
        call = next(one for one in await ada.shown(task) if one["kind"] == "tool")
        assert "characters are left out here" in call["arguments"]["content"]


async def test_a_picture_that_waits_for_a_busy_task_is_in_no_event(tmp_path: Path) -> None:
    model = Model(main=[("execute_command", {"command": "sleep 2"}), DONE])
    picture = "data:image/png;base64," + "A" * 2_000_000
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.allow(**WHOLE)
        task = await ada.task()
        await ada.when(task, lambda found: found["status"] == "running")
        await ada.say(task, "Look at this.", images=[picture], mode="queue")
        (queued,) = (await ada.look(task))["queue"]
        assert (queued.keys(), queued["text"]) == ({"id", "text", "mode"}, "Look at this.")
        assert (await ada.rest(task))["status"] == "completed"
        assert "AAAA" in str(model.asked["main"][-1])


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("data:image/png;base64,***", "is not base64"),
        ("data:text/plain;base64,aGVsbG8=", "must be a data URL"),
        ("https://example.org/a.png", "must be a data URL"),
        ("data:image/png;base64," + "A" * 7_400_000, "may be; make it smaller"),
    ],
)
async def test_a_picture_that_is_none_is_refused(tmp_path: Path, image: str, says: str) -> None:
    async with agents(tmp_path, Model(main=[])) as agent:
        answer = await agent("ada").client.post("/api/v1/tasks", json={"message": "Look.", "images": [image]})
        assert (answer.status_code, says in answer.json()["detail"]) == (422, True), answer.text


async def test_a_picture_is_what_the_model_sees(tmp_path: Path) -> None:
    model = Model(main=["A dot."])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        await ada.rest(await ada.task(images=["data:image/png;base64,iVBORw0KGgo="]))
        assert "iVBORw0KGgo=" in str(model.asked["main"][0]["messages"])


async def test_a_body_of_more_than_some_pictures_is_refused(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=[])) as agent:
        answer = await agent("ada").client.post("/api/v1/tasks", json={"message": "x" * (9 << 20)})
        assert answer.status_code == 413


async def test_looking_at_tasks_keeps_none_of_them_in_memory_and_shows_what_waits(tmp_path: Path) -> None:
    model = Model(main=[("execute_command", {"command": "true"})])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        task = await ada.task()
        before = await ada.rest(task)
        await ada.host.sessions.close("ada")
        after = await ada.look(task)
        assert (after["status"], after["approvals"]) == ("waiting", before["approvals"])
        await ada.decide(task)
        assert (await ada.rest(task))["status"] == "completed"


async def test_events_of_a_task_name_the_call_that_they_are_about(tmp_path: Path) -> None:
    model = Model(main=[("execute_command", {"command": "echo hello"}), DONE])
    async with agents(tmp_path, model) as agent:
        ada = agent("ada")
        task = await ada.task()
        await ada.decide(task)
        await ada.until(task, "completed")
        told = [one["toolCall"] for one in await ada.heard("coder.task") if "toolCall" in one]
        call = {"callId": "main-1-0", "name": "execute_command"}
        assert told[:4] == [call | {"status": status} for status in ("pending", "waiting", "pending", "running")]
        assert {one["name"] for one in told} == {"execute_command", "attempt_completion"}


async def test_a_task_that_names_no_model_says_which_one_it_asked(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=["It is 42."])) as agent:
        ada = agent("ada")
        ended = await ada.rest(await ada.task())
        (listed,) = (await ada.client.get("/api/v1/tasks")).json()["tasks"]
        assert (ended["model"], listed["model"]) == ("acme/m", "acme/m")
        assert (await ada.heard("coder.task"))[-1]["model"] == "acme/m"
