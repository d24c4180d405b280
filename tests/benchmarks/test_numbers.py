"""README's numbers and docs/numbers.md are what the command printed: written from what is kept."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import charts, numbers, report
from benchmarks.crew import KINDS
from benchmarks.figures import Row, figure, growth, paired
from benchmarks.knee import knee


def test_readme_the_page_of_numbers_and_the_plots_show_what_is_kept_and_nothing_else() -> None:
    made = numbers.written()
    assert {numbers.README, numbers.PAGE, *numbers.PLOTS.iterdir()} == made.keys()
    for path, text in made.items():
        assert path.read_text() == text, f"{path.name}: run `python -m benchmarks --readme`"


def test_every_picture_of_the_page_is_there() -> None:
    shown = re.findall(r"\]\((images/numbers/[^)]+)\)", numbers.PAGE.read_text())
    assert shown
    assert [name for name in shown if not (numbers.PAGE.parent / name).exists()] == []


@pytest.mark.parametrize("kept", [numbers.QUICK, numbers.LONG, numbers.PEERS], ids=lambda path: path.stem)
def test_what_was_measured_says_when_and_of_what(kept: Path) -> None:
    run = report.load(kept)
    assert run["machine"]["cores"] >= 1
    assert run["versions"]["python"]
    assert run["benchmarks"]
    for one in run["benchmarks"].values():
        assert {"date", "commit", "load", "rows"} <= one.keys()


def test_what_is_measured_anew_replaces_only_itself(tmp_path: Path) -> None:
    first, second = report.begun(), report.begun()
    first["benchmarks"] = {"rpc": {"rows": [1]}, "files": {"rows": [2]}}
    second["benchmarks"] = {"files": {"rows": [3]}}
    report.keep(first, tmp_path / "kept.json")
    report.keep(second, tmp_path / "kept.json")
    kept = report.load(tmp_path / "kept.json")["benchmarks"]
    assert kept == {"rpc": {"rows": [1]}, "files": {"rows": [3]}}


def test_a_page_without_the_marks_is_not_written_to() -> None:
    with pytest.raises(ValueError, match=r"the marks .* are missing"):
        numbers.between("# Roost", "numbers", "new")


def test_the_page_says_where_the_knee_is_by_what_was_measured() -> None:
    run = report.begun()
    assert knee(run) == "", "the page keeps its words"

    def line(name: str, kinds: str, unit: str, *values: float) -> Row:
        points = list(zip((100, 600, 1_200), values, strict=True))
        return growth(f"{name}, {kinds}", unit, points, "users who work")

    rows = [
        line("echo, p99", "all in turn", "ms", 0.9, 5.5, 202.0),
        line("echo, p99", "events", "ms", 0.8, 1.5, 18.0),
        line("processor of the host", "all in turn", "ms/s", 109, 648, 972),
        line("of which its loop's", "all in turn", "ms/s", 62, 261, 425),
        line("processor of the host", "events", "ms/s", 91, 328, 460),
    ]
    run["benchmarks"]["growth"] = {"rows": rows}
    assert knee(run) == "", "a part of it says nothing"
    rows += [figure(f"processor of a request, 200 users, {kinds}", "ms", 0.25) for kinds in KINDS]
    said = " ".join(knee(run).split())
    assert "With 600 of them one echo in a hundred takes 5.5 ms or more, with 1,200 202 ms." in said
    assert "uses 648 and 972 ms of processor a second, 261 and 425 of them its loop's" in said
    assert "1,200 users use 460 ms, and one echo in a hundred takes 18 ms" in said
    assert len(re.findall(r"\*\*The knee is.*?\n\n", numbers.PAGE.read_text(), re.DOTALL)) == 1, "where it stands"


def test_plots_are_well_formed_whatever_the_rows_are_called() -> None:
    row = paired("a <b> & 'c'", "ms", [(2.0, 1.0), (3.0, 1.0)], "<= 2") | {"verdict": "misses"}
    points = [(10, 1.0), (100, 9.0), (1000, 0.0)]
    made = charts.plots("x", [row, growth("one & two", "KiB", points, "users")])
    assert made.keys() == {"x.svg", "x-users-kib.svg"}
    for svg in made.values():
        assert "prefers-color-scheme:dark" in svg
        ET.fromstring(svg)
    ET.fromstring(charts.distances("all", [row]))
