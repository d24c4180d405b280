"""Document selectors: the scores that VS Code's documentation gives."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

import shim as vscode
from sessions.errors import InvalidValue


class Text(NamedTuple):
    uri: vscode.Uri
    language_id: str


PYTHON = Text(vscode.Uri.file("/workspace/src/a.py"), "python")

SCORES: list[tuple[Any, int]] = [
    ("python", 10),
    ("*", 5),
    ("ruby", 0),
    ("", 0),
    ([], 0),
    ({}, 0),
    (["ruby", "*"], 5),
    (["ruby", "python", "*"], 10),
    ({"language": "python"}, 10),
    ({"language": "*"}, 5),
    ({"language": "ruby"}, 0),
    ({"scheme": "file"}, 10),
    ({"scheme": "*", "language": "*"}, 5),
    ({"scheme": "*", "language": "python"}, 10),
    ({"scheme": "file", "language": "*"}, 10),
    ({"scheme": "untitled", "language": "python"}, 0),
    ({"pattern": "**/*.py"}, 10),
    ({"pattern": "*.py"}, 0),
    ({"pattern": "/workspace/src/a.py"}, 10),
    ({"pattern": "**/*.rb", "language": "python"}, 0),
    ({"pattern": "**/*.py", "language": "*"}, 10),
    ({"pattern": "**/*.py", "language": "ruby"}, 0),
    ({"pattern": vscode.RelativePattern("/workspace", "src/*.py")}, 10),
    ({"pattern": vscode.RelativePattern("/workspace/", "*.py")}, 0),
    ({"pattern": vscode.RelativePattern("/work", "**/*.py")}, 0),
    ({"language": "python", "notebookType": "jupyter"}, 0),
    (vscode.DocumentFilter(language="python", scheme="file"), 10),
    ([{"scheme": "untitled"}, vscode.DocumentFilter(language="*")], 5),
]


@pytest.mark.parametrize(("selector", "score"), SCORES, ids=str)
def test_a_selector_fits_as_well_as_vs_code_says(selector: Any, score: int) -> None:
    assert vscode.languages.match(selector, PYTHON) == score


@pytest.mark.parametrize(
    ("wrong", "words"), [(7, "not int"), ({"lang": "python"}, "has no 'lang'"), ([None], "NoneType")]
)
def test_what_is_no_selector_is_refused(wrong: Any, words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        vscode.languages.match(wrong, PYTHON)
