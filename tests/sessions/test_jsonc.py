"""Settings files as people write them: comments, commas at the end, and edits that leave all of that alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions import jsonc
from sessions.errors import InvalidValue

WRITTEN = """\ufeff// mine
{
    // how wide
    "editor.tabSize": 2, // two
    "a": {"b": [1, 2,], /* c */ },
    "url": "http://x//y /* no comment */ ,}",
}
"""

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def test_comments_and_commas_at_the_end_are_read_over() -> None:
    expected = {"editor.tabSize": 2, "a": {"b": [1, 2]}, "url": "http://x//y /* no comment */ ,}"}
    assert jsonc.parse(WRITTEN) == expected
    assert jsonc.parse(" // nothing\n") == jsonc.parse("") == {}


def test_an_edit_keeps_what_it_is_not_about() -> None:
    changed = jsonc.put(WRITTEN, "editor.tabSize", 8)
    assert changed == WRITTEN.replace(": 2,", ": 8,")
    added = jsonc.put(WRITTEN, "new", {"x": 1})
    assert "// two" in added and "/* c */" in added
    assert jsonc.parse(added) == jsonc.parse(WRITTEN) | {"new": {"x": 1}}
    assert jsonc.remove(added, "new").count("//") == WRITTEN.count("//")


def test_the_first_setting_makes_a_whole_file() -> None:
    assert jsonc.put("", "a", 1) == '{\n    "a": 1\n}\n'
    assert jsonc.parse(jsonc.put("// only this\n", "a", 1)) == {"a": 1}
    assert jsonc.parse(jsonc.put("{}", "a", 1)) == {"a": 1}


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": }', "1", '{"a" 1}', "{]", '"', '{"a": "\n"}', "[" * 99_999])
def test_what_is_no_settings_is_refused_and_not_overwritten(text: str) -> None:
    for work in (lambda: jsonc.parse(text), lambda: jsonc.put(text, "a", 1), lambda: jsonc.remove(text, "a")):
        with pytest.raises(InvalidValue, match=r"^settings: "):
            work()


def test_a_deep_file_is_no_harm() -> None:
    deep = '{"a": ' + "[" * 900 + "]" * 900 + "}"
    try:
        assert jsonc.parse(jsonc.put(deep, "b", 1))["b"] == 1
    except InvalidValue as error:
        assert "deep" in str(error)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b.c", "[py]", 'q"']), VALUES | st.just(...)), max_size=8))
def test_any_edits_in_any_order_come_out_as_they_would_of_a_dict(edits: list[tuple[str, Any]]) -> None:
    text, expected = WRITTEN, jsonc.parse(WRITTEN)
    for key, value in edits:
        if value is ...:
            text = jsonc.remove(text, key)
            expected.pop(key, None)
        else:
            text = jsonc.put(text, key, value)
            expected[key] = json.loads(json.dumps(value))
        assert jsonc.parse(text) == expected
    assert "// mine" in text and "// how wide" in text
