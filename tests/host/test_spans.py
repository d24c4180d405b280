"""A call is a span where OpenTelemetry is loaded, without a word of what was said; elsewhere nothing of it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sessions.models import Message, Request, Text, Usage
from tests.host.test_ledger import DOLLAR, config, ledgers

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]


class Span:
    def __init__(self, name: str, **more: Any) -> None:
        self.name = name
        self.attributes = dict(more["attributes"])
        self.status: Any = None
        self.ended = 0

    def set_attribute(self, name: str, value: Any) -> None:
        self.attributes[name] = value

    def set_status(self, status: Any) -> None:
        self.status = status

    def end(self) -> None:
        self.ended += 1


class Tracer:
    """What an SDK of OpenTelemetry would be."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def start_span(self, name: str, **more: Any) -> Span:
        self.spans.append(Span(name, **more))
        return self.spans[-1]


@pytest.fixture
def tracer(monkeypatch: pytest.MonkeyPatch) -> Tracer:
    trace = pytest.importorskip("opentelemetry.trace")
    tracer = Tracer()
    monkeypatch.setattr(trace, "get_tracer", lambda name: tracer)
    return tracer


async def test_a_call_is_a_span_with_tokens_and_without_content_or_user(tmp_path: Path, tracer: Tracer) -> None:
    async with ledgers(tmp_path, config()) as (ledger, sessions):
        session = await sessions.open("alice")
        request = Request(DOLLAR.id, (Message("user", (Text("a secret plan"),)),), max_output_tokens=9, task="t1")
        reservation = await ledger.reserve(session, request, DOLLAR, Usage(100, 9))
        await reservation.settle(Usage(10, 9, 20, 30), "finished")
        cut = await ledger.reserve(session, request, DOLLAR, Usage(100, 9))
        await cut.settle(Usage(10), "cut")
    whole, broken = tracer.spans
    assert whole.name == "chat big"
    assert whole.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "acme",
        "gen_ai.request.model": "big",
        "gen_ai.request.max_tokens": 9,
        "gen_ai.usage.input_tokens": 60,
        "gen_ai.usage.output_tokens": 9,
        "gen_ai.usage.cache_read.input_tokens": 20,
        "gen_ai.usage.cache_creation.input_tokens": 30,
    }
    assert (whole.ended, whole.status) == (1, None)
    assert broken.attributes["error.type"] == "cut"
    assert broken.ended == 1
    assert "ERROR" in str(broken.status)


def test_a_host_loads_neither_prices_nor_spans_until_somebody_asks_for_them() -> None:
    program = "import sys, host.app, host.demo.model; print([n for n in sys.modules if n[:6] in ('genai_', 'opente')])"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "[]", ran.stderr
