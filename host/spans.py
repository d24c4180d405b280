"""A call of a model as an OpenTelemetry span, by the GenAI conventions and without a word of what was said.

Nothing is imported: where nobody has loaded OpenTelemetry, nobody looks at spans.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sessions.models import Model, Request
from sessions.usage import Call

if TYPE_CHECKING:
    from opentelemetry.trace import Span

SYSTEMS = {"gemini": "gcp.gemini"}
"""The vendors whose name in the conventions is another one."""


def begin(model: Model, request: Request) -> Span | None:
    """A span that begins now; None where nobody would see it."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    attributes: dict[str, str | int] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": SYSTEMS.get(model.vendor, model.vendor),
        "gen_ai.request.model": model.own_name,
    }
    if request.max_output_tokens is not None:
        attributes["gen_ai.request.max_tokens"] = request.max_output_tokens
    span: Span = trace.get_tracer("roost").start_span(
        f"chat {model.own_name}", kind=trace.SpanKind.CLIENT, attributes=attributes
    )
    return span


def end(span: Span | None, call: Call) -> None:
    """The span of this call ends now."""
    if span is None:
        return
    span.set_attribute("gen_ai.usage.input_tokens", call.usage.input + call.usage.cache_read + call.usage.cache_write)
    span.set_attribute("gen_ai.usage.output_tokens", call.usage.output)
    span.set_attribute("gen_ai.usage.cache_read.input_tokens", call.usage.cache_read)
    span.set_attribute("gen_ai.usage.cache_creation.input_tokens", call.usage.cache_write)
    if call.outcome not in ("finished", "cancelled"):
        span.set_attribute("error.type", call.outcome)
        span.set_status(sys.modules["opentelemetry.trace"].StatusCode.ERROR)
    span.end()
