"""What goes into a bounded context: what matters most, folded where it is long, and never more than there is room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from extensions.coder.choosing import Candidate, importance, select


def fold(path: str, text: str) -> str:
    return text[:35]


def test_what_the_user_named_comes_before_what_is_only_open() -> None:
    text = "x" * 350
    files = [
        Candidate("open.py", text, is_open=True),
        Candidate("named.py", text, is_named=True),
        Candidate("edited.py", text, is_edited=True),
        Candidate("other.py", text),
        Candidate("last.py", text, age=0),
    ]
    choice = select(files, 310, most=1.0)
    assert [one.path for one in choice.chosen] == ["named.py", "edited.py", "last.py"]
    assert choice.left_out == ("open.py", "other.py")


def test_a_long_file_is_folded_so_that_others_have_room() -> None:
    files = [Candidate("long.py", "x" * 3_500, is_named=True), Candidate("short.py", "y" * 350)]
    choice = select(files, 1_000, fold)
    assert [(one.path, one.is_folded) for one in choice.chosen] == [("long.py", True), ("short.py", False)]
    assert choice.left_out == ()


def test_of_two_that_matter_alike_the_small_one_comes_first() -> None:
    assert importance(Candidate("b", "x" * 10)) > importance(Candidate("a", "x" * 10_000))


files = some.lists(
    some.builds(Candidate, some.text("abc", min_size=1, max_size=3), some.text(max_size=200), is_named=some.booleans()),
    max_size=12,
    unique_by=lambda one: one.path,
)


@given(files, some.integers(0, 100))
def test_no_choice_is_larger_than_its_room_and_none_is_forgotten(found: list[Candidate], budget: int) -> None:
    choice = select(found, budget, fold)
    assert choice.tokens <= budget
    assert sorted([one.path for one in choice.chosen] + list(choice.left_out)) == sorted(one.path for one in found)
