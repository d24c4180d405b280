"""HTML made plain: the tags that matter to a reader, balanced and not deep, in one pass over text of any kind.

Parsers take time that grows with the square of what is malformed, and recursion follows depth: what leaves here is
neither, whatever came in. Text in, text out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape

TAG = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
HREF = re.compile(r"\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
LONGEST_TAG = 4_000
LONGEST_ATTRIBUTES = 1_000
"""Characters of a tag in which its link is looked for."""

DEEPEST = 60

KEPT = frozenset({
    "a", "article", "b", "blockquote", "body", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "html", "i", "kbd", "li", "main", "ol", "p", "pre", "s", "samp", "section", "strong", "sub",
    "sup", "table", "tbody", "td", "th", "thead", "title", "tr", "ul",
})  # fmt: skip
VOID = frozenset({"br", "hr"})
RAW = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "textarea", "object", "math"})
"""What is left out up to its end, whatever stands in it."""

APART = frozenset({"nav", "footer", "aside", "dialog", "select"})
"""What is left out with all that it holds, and may stand in itself."""

CLOSES = (("li", ("ul", "ol")), ("p", ("li", "td", "blockquote", "div")), ("tr", ("table",)), ("td", ("tr",)),
          ("th", ("tr",)), ("dt", ("dl",)), ("dd", ("dl",)))  # fmt: skip
"""Elements that end where the next of their kind begins, unless one of these was opened in between."""

NOTHING = ("!", False, "")
"""A tag that says nothing to a reader."""


def plain(html: str, *, everything: bool = False) -> str:
    """The page with nothing but its text and plain tags. `everything` keeps menus and the like."""
    return "".join(_Page(everything).read(html))


class _Page:
    """One pass: the elements that are open, and how deep in what is left out."""

    def __init__(self, everything: bool) -> None:
        self._everything = everything
        self._open: list[str] = []
        self._apart = ""
        self._depth = 0

    def read(self, html: str) -> Iterator[str]:
        at = 0
        while at < len(html):
            begin = html.find("<", at)
            if begin < 0:
                begin = len(html)
            yield from self._text(html[at:begin])
            if begin == len(html):
                break
            at, found = _tag(html, begin)
            if found is None:
                yield from self._text(html[begin:at])
            else:
                yield from self._take(*found)
        yield from (f"</{name}>" for name in reversed(self._open))

    def _text(self, text: str) -> Iterator[str]:
        if text and not self._apart:
            yield escape(unescape(text), quote=False)

    def _take(self, name: str, is_end: bool, attributes: str) -> Iterator[str]:
        if self._apart or (name in APART and not self._everything):
            self._leave_out(name, is_end)
        elif name not in KEPT:
            yield "" if name == NOTHING[0] else " "
        elif name in VOID:
            yield f"<{name}>"
        elif is_end:
            yield from self._close(name)
        else:
            yield from self._begin(name, attributes)

    def _leave_out(self, name: str, is_end: bool) -> None:
        if not self._apart:
            self._apart, self._depth = ("" if is_end else name), int(not is_end)
        elif name == self._apart:
            self._depth += -1 if is_end else 1
            if self._depth <= 0:
                self._apart = ""

    def _begin(self, name: str, attributes: str) -> Iterator[str]:
        within = next((tops for kind, tops in CLOSES if kind == name), None)
        if within is not None and name in self._open:
            inner = self._open[len(self._open) - self._open[::-1].index(name) :]
            if not any(one in within for one in inner):
                yield from self._close(name)
        if len(self._open) >= DEEPEST:
            return
        self._open.append(name)
        found = HREF.search(attributes[:LONGEST_ATTRIBUTES]) if name == "a" else None
        link = unescape(found[1] or found[2] or found[3] or "")[:1_000] if found else ""
        yield f'<{name} href="{escape(link)}">' if link else f"<{name}>"

    def _close(self, name: str) -> Iterator[str]:
        if name not in self._open:
            return
        while (last := self._open.pop()) != name:
            yield f"</{last}>"
        yield f"</{name}>"


def _tag(html: str, begin: int) -> tuple[int, tuple[str, bool, str] | None]:
    """Where the tag at `begin` ends, and its name, whether it is an end, and its attributes; None: no tag for us."""
    if html.startswith("<!--", begin):
        return _after(html, "-->", begin + 4), NOTHING
    if html.startswith(("<!", "<?"), begin):
        return _after(html, ">", begin), NOTHING
    name = TAG.match(html, begin + 1)
    if name is None:
        return begin + 1, None
    end = html.find(">", name.end(), name.end() + LONGEST_TAG)
    if end < 0:
        return name.end(), NOTHING
    kind = name[2].lower()
    if kind in RAW and not name[1] and html[end - 1] != "/":
        return _after_raw(html, kind, end + 1), NOTHING
    return end + 1, (kind, bool(name[1]), html[name.end() : end])


def _after(html: str, ending: str, start: int) -> int:
    end = html.find(ending, start)
    return len(html) if end < 0 else end + len(ending)


def _after_raw(html: str, kind: str, start: int) -> int:
    found = re.compile(rf"</{kind}[^>]{{0,100}}>", re.IGNORECASE).search(html, start)
    return len(html) if found is None else found.end()
