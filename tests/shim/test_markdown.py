"""What `MarkdownString` writes, so that plain text stays plain."""

from __future__ import annotations

import pytest

from sessions.errors import InvalidValue
from shim.markdown import MarkdownString


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("# hello *you*", r"\#&nbsp;hello&nbsp;\*you\*"),
        ("a\nb", "a\n\nb"),
        ("1. [x](y) ~z~!", r"1.&nbsp;\[x\]\(y\)&nbsp;\~z\~\!"),
        ("<b>\t</b>", r"<b\>&nbsp;</b\>"),
        ("$(check)", r"$\(check\)"),
    ],
)
def test_plain_text_is_escaped(text: str, written: str) -> None:
    assert MarkdownString().append_text(text).value == written


def test_where_icons_are_meant_those_of_plain_text_are_not() -> None:
    text = MarkdownString("", True).append_text(r"$(check~spin) \$(x) $(no icon)").value
    assert text == r"\\$\(check\~spin\)&nbsp;\\$\(x\)&nbsp;$\(no&nbsp;icon\)"


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ('<img src=0 onerror="alert(1)">', '\n```html\n<img src=0 onerror="alert(1)">\n```\n'),
        ("a\n```\nb", "\n````html\na\n```\nb\n````\n"),
        ("a `````", "\n```html\na `````\n```\n"),
    ],
)
def test_a_code_block_cannot_be_closed_from_within(code: str, written: str) -> None:
    assert MarkdownString().append_codeblock(code, "html").value == written


def test_markdown_is_added_as_it_is_and_nothing_is_trusted_by_itself() -> None:
    text = MarkdownString("*a*").append_markdown(" **b**").append_codeblock("c")
    assert text.value == "*a* **b**\n```\nc\n```\n"
    assert (text.is_trusted, text.support_html, text.support_theme_icons) == (None, False, False)


def test_markdown_is_made_of_text() -> None:
    assert MarkdownString(None).value == ""  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="value"):
        MarkdownString(5)  # type: ignore[arg-type]
