"""Semantic tokens are packed as VS Code's own tests expect."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.errors import InvalidValue
from shim.ranges import Range
from shim.tokens import SemanticTokensBuilder, SemanticTokensLegend

LEGEND = SemanticTokensLegend(["aType", "bType", "cType", "dType"], [f"mod{number}" for number in range(40)])


@pytest.mark.parametrize(
    ("pushed", "packed"),
    [
        ([(1, 0, 5, 1, 1), (1, 10, 4, 2, 2), (2, 2, 3, 2, 2)], [1, 0, 5, 1, 1, 0, 10, 4, 2, 2, 1, 2, 3, 2, 2]),
        ([(1, 0, 5, 1), (1, 10, 4, 2), (2, 2, 3, 2)], [1, 0, 5, 1, 0, 0, 10, 4, 2, 0, 1, 2, 3, 2, 0]),
        ([(2, 10, 5, 1, 1), (2, 2, 4, 2, 2)], [2, 2, 4, 2, 2, 0, 8, 5, 1, 1]),
        (
            [(2, 0, 5, 1, 1), (2, 10, 1, 2, 2), (2, 15, 2, 3, 3), (1, 0, 4, 4, 4)],
            [1, 0, 4, 4, 4, 1, 0, 5, 1, 1, 0, 10, 1, 2, 2, 0, 5, 2, 3, 3],
        ),
        (
            [
                (Range(1, 0, 1, 5), "bType"),
                (Range(2, 0, 2, 4), "cType", ["mod0", "mod5"]),
                (Range(3, 0, 3, 3), "dType", ["mod2", "mod4", "mod2"]),
            ],
            [1, 0, 5, 1, 0, 1, 0, 4, 2, 33, 1, 0, 3, 3, 20],
        ),
        ([(1, 2, 3, 1, None), (Range(1, 5, 1, 6), "bType", None)], [1, 2, 3, 1, 0, 0, 3, 1, 1, 0]),
        ([], []),
    ],
)
def test_tokens_are_packed_in_the_order_of_the_text(pushed: list[Any], packed: list[int]) -> None:
    builder = SemanticTokensBuilder(LEGEND)
    for token in pushed:
        builder.push(*token)
    assert builder.build("7").data.tolist() == packed
    assert builder.build("7").result_id == "7"


@pytest.mark.parametrize(
    ("token", "field"),
    [
        ((Range(1, 0, 2, 0), "bType"), "range"),
        ((Range(1, 0, 1, 1), "eType"), "token_type"),
        ((Range(1, 0, 1, 1), "aType", ["none"]), "token_modifiers"),
        ((1, 0), "range"),
        ((1, 0, 5, "aType"), "token"),
        ((), "token"),
    ],
)
def test_a_token_that_cannot_be_packed_is_refused_by_name(token: Any, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        SemanticTokensBuilder(LEGEND).push(*token)
    assert refused.value.field == field


def test_names_mean_nothing_without_a_legend() -> None:
    with pytest.raises(InvalidValue, match="legend"):
        SemanticTokensBuilder().push(Range(1, 0, 1, 1), "aType")
