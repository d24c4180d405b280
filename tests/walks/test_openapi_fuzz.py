"""The HTTP side against its own document: whatever is sent, an answer is one that `/openapi.json` speaks of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.client import running
from tests.tokens import GUARDED, bearer

ENDLESS = {"GET /api/v1/events"}
"""Answers that do not end by themselves; tests/walks/test_events.py reads them."""

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
NOWHERE = "http://127.0.0.1:9"
"""A provider's address that nobody answers at: nothing that was made up is called."""

SHARES = 6
"""Parts of the long run, which can be run side by side."""

MODES = {"what it takes": GenerationMode.POSITIVE, "what it refuses": GenerationMode.NEGATIVE}


@dataclass
class Place:
    """A running host, its document and, for each user, the ids of theirs that exist."""

    base: str
    schema: Any
    session: requests.Session

    def known(self, uid: str) -> dict[str, list[str]]:
        """A task of this user with what hangs on it, so that not every id is a wrong one."""
        headers = bearer(uid)
        body = {"message": "Write hello.txt and tell me what is in it.", "model": "demo/scripted"}
        made = self.session.post(f"{self.base}/api/v1/tasks", json=body, headers=headers, timeout=20)
        assert made.status_code == 201, made.text
        address = f"{self.base}/api/v1/tasks/{made.json()['taskId']}"
        end = time.monotonic() + 15
        while True:
            task = self.session.get(address, headers=headers, timeout=20).json()
            if task["status"] not in ("pending", "running"):
                break
            assert time.monotonic() < end, task
            time.sleep(0.02)
        checkpoints = self.session.get(f"{address}/checkpoints", headers=headers, timeout=20).json()
        return {
            "taskId": [task["taskId"]],
            "approvalId": [one["approvalId"] for one in task.get("approvals", ())],
            "checkpointId": [one["checkpointId"] for one in checkpoints],
            "uid": [uid],
        }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with running(tmp_path_factory.mktemp("fuzzed") / "data", **GUARDED) as host, requests.Session() as web:
        document = web.get(f"{host.base}/openapi.json", timeout=20).json()
        assert document.pop("security")  # or tokens would be made up, too, and nobody would come in
        yield Place(host.base, schemathesis.openapi.from_dict(document), web)


def described(response: Any, operation: Any) -> None:
    """A status is written down, or it is a problem document that says the same status and why."""
    written = set(operation.definition.raw["responses"]) - {"default"}
    if str(response.status_code) in written:
        return
    assert response.status_code >= 400, f"{response.status_code} is not in the document"
    document = response.json()
    if response.headers["content-type"] != ["application/problem+json"]:
        assert set(document) == {"error"}, "a refusal is a problem document, or an error as OpenAI's clients read it"
        return
    assert document["status"] == response.status_code
    assert document["title"] == HTTPStatus(response.status_code).phrase
    assert len(document["detail"]) > 5
    assert "Traceback" not in document["detail"]


def harmless(case: Any) -> None:
    """Keep a provider that was made up from being called: its address is ours, and it is not tried out."""
    if case.operation.path == "/api/v1/config/providers/{id}" and isinstance(case.body, dict):
        case.body.pop("test", None)
        case.body.pop("base_url", None)
        if isinstance(case.body.get("baseUrl", ""), str):
            case.body["baseUrl"] = NOWHERE


def sent(
    place: Place, operation: Any, uid: str, known: dict[str, list[str]], mode: GenerationMode
) -> Callable[..., None]:
    """A test that sends what `mode` makes of the operation, with ids of `known` for some of those it made up."""

    @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
    def send(case: Any, data: st.DataObject) -> None:
        harmless(case)
        for name, ids in known.items():
            if ids and name in (case.path_parameters or {}) and data.draw(st.booleans(), f"a real {name}"):
                case.path_parameters[name] = data.draw(st.sampled_from(ids))
        who = bearer(uid, scope="admin") if data.draw(st.integers(0, 9), "one in ten is a stranger") else {}
        answer = case.call(base_url=place.base, session=place.session, headers=who, timeout=20)
        case.validate_response(answer, checks=CHECKS)
        described(answer, operation)

    return send


def fuzz(place: Place, examples: int, number: int, share: int = 0, shares: int = 1) -> list[str]:
    """What each operation of that share answers to `examples` requests a mode; the operations that were asked."""
    failures, asked = [], []
    every = [found for one in place.schema.get_all_operations() if (found := one.ok()).label not in ENDLESS]
    for at, operation in enumerate(every):
        if at % shares != share:
            continue
        asked.append(operation.label)
        uid = f"fuzz{number}.{at}"
        known = place.known(uid) if "{" in operation.path else {}
        began = time.monotonic()
        for name, mode in MODES.items():
            if mode == GenerationMode.NEGATIVE and not (operation.query or operation.body):
                continue  # nothing that it takes could be wrong
            rules = settings(
                max_examples=examples,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            try:
                seed(number)(rules(sent(place, operation, uid, known, mode)))()
            except (Exception, FailureGroup) as error:
                told = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]
                failures += [f"{operation.label}, {name}: {one!r}"[:1_500] for one in told]
        print(f"{operation.label}: {time.monotonic() - began:.1f} s, {len(failures)} failures until here", flush=True)
    assert not failures, "\n\n".join(failures)
    return asked


def test_no_answer_is_one_that_the_document_does_not_speak_of(place: Place) -> None:
    asked = fuzz(place, 2, 1)
    assert len(asked) > 40
    assert any("/api/v1/tasks" in one for one in asked)


@pytest.mark.faults
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("number", [1, 20])
def test_five_hundred_requests_an_operation_find_nothing_undocumented(place: Place, number: int, share: int) -> None:
    fuzz(place, 500, number, share, SHARES)
