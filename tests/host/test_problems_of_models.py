"""What a client is told when a model did not answer."""

from __future__ import annotations

import pytest

from host import problems
from sessions.errors import LanguageModelError


@pytest.mark.parametrize(
    ("error", "code", "status", "data"),
    [
        (LanguageModelError.not_found("no model 'x'"), -32012, 404, {"code": "NotFound"}),
        (LanguageModelError("the stream broke off", "Cut"), -32012, 502, {"code": "Cut"}),
        (LanguageModelError("busy", "Overloaded", 2.5), -32001, 429, {"retryable": True, "retryAfterMs": 2500}),
    ],
)
def test_a_models_failure_is_told_with_its_code(
    error: LanguageModelError, code: int, status: int, data: dict[str, object]
) -> None:
    problem = problems.explain(error)
    assert (problem.code, problem.status, problem.data) == (code, status, data)
    assert str(error) in problem.message
