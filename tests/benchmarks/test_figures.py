"""Figures, bars and exponents as a reader of the numbers counts on them."""

from __future__ import annotations

import pytest

from benchmarks import report
from benchmarks.bars import BARS
from benchmarks.figures import apart, distance, exponent, figure, growth, paired, parts, percentile, verdict


def test_a_ratio_is_of_rounds_that_were_measured_together() -> None:
    row = paired("a", "ms", [(10.0, 1.0), (20.0, 10.0), (40.0, 10.0)])
    assert (row["ours"], row["floor"], row["ratio"], row["spread"]) == (20.0, 10.0, 4.0, [2.0, 10.0])


@pytest.mark.parametrize(
    ("ours", "bar", "said"),
    [(2.0, "<= 2", "holds"), (2.1, "<= 2", "misses"), (2.0, ">= 2.1 ms", "misses"), (9.0, "", "")],
)
def test_a_figure_is_held_against_its_bar(ours: float, bar: str, said: str) -> None:
    assert verdict(figure("a", "ms", ours, bar)) == said


def test_a_bar_with_a_unit_is_about_the_figure_and_one_without_about_the_ratio() -> None:
    pairs = [(50.0, 10.0)]
    assert verdict(paired("a", "KiB", pairs, "<= 60 KiB")) == "holds"
    assert verdict(paired("a", "KiB", pairs, "<= 4")) == "misses"


def test_a_bar_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="bar: must be like"):
        parts("under 3")


def test_the_exponent_of_what_is_linear_is_one_and_of_what_is_square_two() -> None:
    assert exponent([(10, 30), (100, 300), (1000, 3000)]) == pytest.approx(1.0)
    assert exponent([(10, 100), (100, 10_000)]) == pytest.approx(2.0)
    assert growth("memory", "KiB", [(1, 5), (10, 5)], "users")["ours"] == pytest.approx(0.0)


def test_percentiles_are_values_that_were_seen() -> None:
    assert percentile(range(1, 101), 0.99) == 100
    assert percentile([], 0.99) == 0.0


def test_what_just_holds_is_at_distance_one() -> None:
    assert distance(figure("a", "ms", 50.0, "<= 50 ms")) == 1.0
    assert distance(figure("a", "", 100.0, ">= 50")) == 0.5
    assert distance(figure("a", "", 1.0, "<= 0")) == 2.0


def test_a_promise_that_no_row_speaks_of_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BARS, "rpc", {"there": "<= 2", "gone": "<= 1"})
    rows = report.judged("rpc", [figure("there", "ms", 1.0)])
    assert [(row["what"], row["verdict"]) for row in rows] == [("there", "holds"), ("gone", "misses")]
    assert not report.held({"benchmarks": {"rpc": {"rows": rows}}})


def test_a_benchmark_that_breaks_is_named_and_does_not_hold(capfd: pytest.CaptureFixture[str]) -> None:
    found = report.measure("nowhere", quick=True, limit_s=30)
    assert "returned non-zero exit status" in found["error"]
    assert not report.held({"benchmarks": {"nowhere": found}})
    assert "nowhere" in capfd.readouterr().err


def test_every_bar_can_be_read_and_belongs_to_a_benchmark_that_there_is() -> None:
    assert BARS.keys() <= set(report.names())
    for bars in BARS.values():
        for bar in bars.values():
            parts(bar)


def test_a_star_in_a_promise_stands_for_a_size_and_it_is_held_by_each_row_that_it_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(BARS, "rpc", {"* users: late": "<= 2 ms", "of * files": "<= 1"})
    rows = report.judged("rpc", [figure("10 users: late", "ms", 1.0), figure("20 users: late", "ms", 3.0)])
    said = [(row["what"], row["verdict"]) for row in rows]
    assert said == [("10 users: late", "holds"), ("20 users: late", "misses"), ("of * files", "misses")]


def test_floors_that_were_taken_apart_are_compared_by_their_medians() -> None:
    row = apart("a", "ms", [2.0, 4.0, 9.0], [1.0, 2.0, 8.0], "<= 2")
    assert (row["ours"], row["floor"], row["ratio"], row["spread"]) == (4.0, 2.0, 2.0, [1.0, 4.5])
    assert verdict(row) == "holds"
    assert apart("a", "ms", [2.0], [1.0])["spread"] is None
