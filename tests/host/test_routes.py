"""Bodies are read where they keep nobody waiting, and answers that go on are counted from where they begin."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from host import extension_routes, large
from host.openai_api import Chat
from host.presence import Presence
from tests.hosted import JWT, hosted

pytestmark = pytest.mark.anyio


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many connections a user had each time that one was added."""
    found: list[int] = []
    streaming = Presence.streaming

    @contextmanager
    def watched(presence: Presence) -> Iterator[None]:
        with streaming(presence):
            found.append(len(presence.connections))
            yield

    monkeypatch.setattr(Presence, "streaming", watched)
    return found


async def test_files_that_are_asked_for_at_once_are_not_more_connections_than_there_may_be(
    tmp_path: Path, counted: list[int]
) -> None:
    async with hosted(tmp_path, quotas={"connections": 2}) as (_, user):
        ada = user("ada")
        await ada.put("/api/v1/files?path=/workspace/large", content=bytes(1 << 20))
        answers = await asyncio.gather(*(ada.get("/api/v1/files?path=/workspace/large") for _ in range(12)))
        assert max(counted) == 2
        assert {answer.status_code for answer in answers} == {200, 429}
        assert all(len(answer.content) == 1 << 20 for answer in answers if answer.status_code == 200)
        refused = next(answer for answer in answers if answer.status_code == 429).json()
        assert (refused["quota"], refused["limit"]) == ("connections", 2)
        assert (await ada.get("/api/v1/files?path=/workspace/large")).status_code == 200


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The threads in which bodies were checked, each once: those of an extension's route, and of a chat."""
    found: set[int] = set()
    validate = Chat.model_validate

    def noted(given: object) -> object:
        found.add(threading.get_ident())
        return given

    def noted_chat(given: object) -> Chat:
        found.add(threading.get_ident())
        return validate(given)

    monkeypatch.setattr(extension_routes, "_as_it_is", noted)
    monkeypatch.setattr(Chat, "model_validate", noted_chat)
    return found


@pytest.mark.parametrize(("path", "status"), [("/api/v1/tasks", 422), ("/v1/chat/completions", 400)])
async def test_a_large_body_is_read_and_checked_beside_the_loop_to_the_same_answer(
    tmp_path: Path, checked: set[int], path: str, status: int
) -> None:
    here = threading.get_ident()
    async with hosted(tmp_path) as (_, user):
        ada = user("ada")
        answers = [await ada.post(path, json={"nobodys": "x" * size}) for size in (10, 600_000)]
        assert [answer.status_code for answer in answers] == [status, status]
        assert answers[0].json() == answers[1].json()
        assert here in checked and len(checked) == 2, "a small one is not worth a thread"


async def test_a_large_body_that_is_no_json_or_has_too_many_values_is_refused(tmp_path: Path) -> None:
    bodies = {
        "x" * 600_000: (400, "the body is not JSON: "),
        json.dumps({"message": [""] * 200_000}): (413, "the body has more than 100,000 values; send it in several"),
        json.dumps({"message": "x" * (extension_routes.LARGEST + 1)}): (413, "the body is larger than 8388608 bytes"),
    }
    assert all(len(body) > large.LARGE for body in bodies)
    async with hosted(tmp_path) as (_, user):
        for body, (status, said) in bodies.items():
            headers = {"Content-Type": "application/json"}
            answer = await user("ada").post("/api/v1/tasks", content=body, headers=headers)
            assert (answer.status_code, answer.json()["detail"][: len(said)]) == (status, said)


async def test_events_end_with_the_token_that_they_were_asked_for_with(tmp_path: Path) -> None:
    async with hosted(tmp_path, auth={"jwt": {**JWT["auth"]["jwt"], "leeway_s": 0}}) as (host, user):
        async with asyncio.timeout(10):
            answer = await user("ada", exp=time.time() + 0.3).get("/api/v1/events")
        assert answer.text.startswith("event: open")
        assert (await host.sessions.open("ada")).clients == 0


async def test_a_request_counts_while_its_body_comes(tmp_path: Path) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        begun.set()
        await goes_on.wait()
        yield b"}"

    async with hosted(tmp_path, quotas={"requests_in_flight": 1}) as (_, user), asyncio.TaskGroup() as group:
        put = user("ada").put("/api/v1/config", content=slow(), headers={"Content-Type": "application/json"})
        asked = group.create_task(put)
        await begun.wait()
        assert (await user("ada").get("/api/v1/config")).status_code == 429
        assert (await user("ben").get("/api/v1/config")).status_code == 200
        goes_on.set()
        assert (await asked).status_code == 200
