"""HTML made plain: what a reader needs is kept, balanced and shallow, and nothing that is malformed takes long."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as some

from extensions.coder.markup import DEEPEST, VOID, plain
from extensions.coder.pages import markdown


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<P CLASS="x">a<br/>b', "<p>a<br>b</p>"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("<a href='/x?a=1&amp;b=2' onclick=evil()>y</a>", '<a href="/x?a=1&amp;b=2">y</a>'),
        ("a<script>if (a < b) '</p>'</SCRIPT >b<style>x", "ab"),
        ("a<!-- <p>x</p> -->b<?php x ?>c<!doctype html>d", "abcd"),
        ("<nav><ul><li>menu<nav>x</nav></ul></nav>text", "text"),
        ("1 < 2 &amp; 3 > 2 <3", "1 &lt; 2 &amp; 3 &gt; 2 &lt;3"),
        ("<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>"),
        ("<font color=red>x</font><img src=a>", " x  "),
    ],
)
def test_what_matters_is_kept(html: str, expected: str) -> None:
    assert plain(html) == expected


PIECES = ("<p>", "</p>", "<ul>", "<li>", "</ul>", "<b", ">", "<", "x", "<!--", "-->", "<br>", "<nav>", "</nav>",
          "<script>", "</script>", "&lt;", "<a href='", "'", "<table>", "<tr>", "<td>")  # fmt: skip


@given(some.lists(some.sampled_from(PIECES), max_size=60))
def test_whatever_comes_in_what_leaves_is_balanced(pieces: list[str]) -> None:
    open_: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in VOID:
                open_.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_.pop() == tag

    reader = Reader()
    reader.feed(plain("".join(pieces)))
    reader.close()
    assert open_ == []


def test_nothing_is_deeper_than_a_reader_can_follow() -> None:
    assert plain("<div>" * 10_000 + "x").count("<div>") == DEEPEST


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", ["<a ", "<a b='", "<!--", "<?", "</a", "<p>", "<li>", "<script>", "&#", "<table>"])
def test_what_is_malformed_takes_no_longer_than_what_is_well_formed(piece: str) -> None:
    """Python's own parser takes hours for some of these."""
    markdown(piece * (100_000 // len(piece)))


def test_a_page_of_menus_only_is_better_than_nothing() -> None:
    assert markdown("<nav><a href='/a'>A</a></nav>") == "[A](/a)"


def test_tables_lists_and_code_are_markdown() -> None:
    html = (
        "<h1>T</h1><ol><li>a<li>b</ol><pre><code>x &lt; y\n  z</code></pre><table><tr><th>k<th>v<tr><td>1<td>2</table>"
    )
    text = markdown(html)
    for piece in ("# T", "1. a\n2. b", "```\nx < y\n  z\n```", "| k | v |\n| --- | --- |\n| 1 | 2 |"):
        assert piece in text
