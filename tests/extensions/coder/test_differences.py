"""Unified diffs: `git apply` makes the new text of the old one with every one of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extensions.coder.differences import LONGEST, unified


def test_a_difference_is_counted_and_shown() -> None:
    found = unified("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\nseven\n8\n9\n")
    assert found.text == "--- a/a\n+++ b/a\n@@ -4,6 +4,6 @@\n 4\n 5\n 6\n-7\n+seven\n 8\n 9"
    assert str(found) == "+1 -1 lines"
    assert unified("a", "same", "same").text == ""


def test_a_newline_that_is_missing_is_told() -> None:
    assert unified("a", "x\n", "x").text.endswith("-x\n+x\n\\ No newline at end of file")


def test_a_new_file_and_one_that_goes() -> None:
    assert unified("a", "", "x\n", is_new=True).text == "--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+x"
    assert unified("a", "x\n", "", is_gone=True).text == "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-x"


def test_a_diff_of_much_is_made_in_time_and_cut() -> None:
    found = unified("a", "".join(f"{n}\n" for n in range(20_000)), "".join(f"x{n}\n" for n in range(20_000)))
    assert (found.added, found.removed) == (20_000, 20_000)
    assert len(found.text) < LONGEST + 100
    assert found.text.endswith("more lines")


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n"]), max_size=25).map("".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=LINES, new=LINES, ends=st.tuples(st.booleans(), st.booleans()))
def test_git_can_apply_it(tmp_path: Path, old: str, new: str, ends: tuple[bool, bool]) -> None:
    old, new = (text.removesuffix("\n") if end else text for text, end in zip((old, new), ends, strict=True))
    found = unified("f", old, new)
    if old == new or not old or not new:
        return
    (tmp_path / "f").write_text(old)
    (tmp_path / "p").write_text(found.text + "\n")
    subprocess.run(["git", "apply", "--unsafe-paths", "p"], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "f").read_text() == new
