"""How a text is indented, as it is guessed from its lines."""

from __future__ import annotations

import pytest

from shim.indentation import Indentation, guessed


@pytest.mark.parametrize(
    ("text", "size", "spaces"),
    [
        ("x\nx\nx", 4, True),
        ("", 4, True),
        ("   \n\t\n  ", 4, True),
        ("\tx\nx\n\tx", 4, False),
        ("x\n  x\nx", 2, True),
        ("x\n    x\n        x\nx", 4, True),
        ("x\n    x\n      x\n        x\nx", 2, True),
        ("x\n   x\nx\n   x", 3, True),
        ("x\n        x", 8, True),
        ("x\n         x", 4, True),
        ("x\n x\n  x", 4, True),
        ("\tx\n  x", 2, True),
        ("\tx\n\tx\n  x", 4, False),
        ("\tx\n\t    x\n\t\tx", 4, False),
        ("const a = b + c,\n      d = b - c;\nif (a)\n  x", 2, True),
        ("a = [1,\n     2,\n     3]", 5, True),
        ("- one,\n    two", 4, True),
    ],
)
def test_a_text_is_indented_as_most_of_its_lines_are(text: str, size: int, spaces: bool) -> None:
    assert guessed(text.split("\n"), Indentation(4, True)) == (size, spaces)


def test_what_lines_do_not_say_stays_as_it_is() -> None:
    assert guessed(["x", "\tx", "  x"], Indentation(8, False)) == (8, False)
    assert guessed(["x", "\tx", "\tx"], Indentation(8, True)) == (8, False)
