"""What of a condensed conversation is sent: Roo Code's cases, and what they leave out."""

from __future__ import annotations

from typing import Any

import pytest

from extensions.coder.history import effective, restored, since_summary, with_answers
from tests.extensions.coder.cases import cases

OPERATIONS = {
    "getEffectiveApiHistory": effective,
    "getMessagesSinceLastSummary": since_summary,
    "cleanupAfterTruncation": restored,
}


@pytest.mark.parametrize("case", cases("roo_condense_history", *OPERATIONS))
def test_condensed_histories_are_as_in_roo_code(case: dict[str, Any]) -> None:
    assert OPERATIONS[case["op"]](case["in"][0]) == case["expect"]


@pytest.mark.parametrize("case", cases("roo_condense_history", "injectSyntheticToolResults"))
def test_calls_without_an_answer_get_one(case: dict[str, Any]) -> None:
    expected = case["expect"]
    now = expected[-1]["ts"] if expected and "ts" in expected[-1] else None
    assert with_answers(case["in"][0], now) == expected


def test_what_a_cut_hides_is_back_when_its_marker_is_gone() -> None:
    hidden = {"role": "assistant", "content": "old", "truncationParent": "cut"}
    marker = {"role": "user", "content": "cut here", "isTruncationMarker": True, "truncationId": "cut"}
    first = {"role": "user", "content": "task"}
    assert effective([first, hidden, marker]) == [first, marker]
    assert effective(restored([first, hidden])) == [first, {"role": "assistant", "content": "old"}]


def test_a_message_that_says_nothing_is_not_sent_behind_a_summary() -> None:
    summary = {"role": "user", "content": "so far", "isSummary": True, "condenseId": "one"}
    assert effective([summary, {"role": "user", "content": []}]) == [summary]


def test_a_call_that_is_there_twice_gets_one_answer() -> None:
    again = [{"role": "assistant", "content": [{"type": "tool_use", "id": "same", "name": "glance"}]} for _ in range(2)]
    assert [part["tool_use_id"] for part in with_answers(again, 7)[-1]["content"]] == ["same"]
