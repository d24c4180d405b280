"""A page of the web as a model reads it: Markdown without scripts, menus and forms. No page is fetched here."""

from __future__ import annotations

import re

from extensions.coder.markup import plain
from shim.proposed.fetching import Page

LONGEST_HTML = 1_000_000
"""Characters of HTML that are gone through."""

LONGEST_PLAIN = 150_000
"""Characters of what is left of it that are made Markdown."""

BLANKS = re.compile(r"\n\s*\n\s*")


class NoText(ValueError):
    """The page is nothing to read: the sentence says what it is."""


def read(page: Page, most: int) -> str:
    """The page's text, `most` characters at most. Raises `NoText`. It computes: call it in a thread."""
    kind = page.content_type
    if kind in ("text/html", "application/xhtml+xml") or (not kind and b"<html" in page.content[:2_000].lower()):
        text = markdown(page.text)
    elif kind.startswith("text/") or kind.endswith(("json", "xml", "yaml")) or not kind:
        text = page.text
        if "\0" in text:
            raise NoText("it is not text")
    else:
        raise NoText(f"it is {kind[:100]}, not text")
    text = text.strip()
    if len(text) > most or page.truncated:
        text = f"{text[:most]}\n\n(The page goes on; this is its beginning.)"
    return text


def markdown(html: str) -> str:
    """HTML as Markdown: its `main` or `article` where there is one."""
    from bs4 import BeautifulSoup
    from markdownify import MarkdownConverter

    short = plain(html[:LONGEST_HTML])[:LONGEST_PLAIN]
    soup = BeautifulSoup(short, "html.parser")
    if not soup.get_text().strip():
        soup = BeautifulSoup(plain(html[:LONGEST_HTML], everything=True)[:LONGEST_PLAIN], "html.parser")
    title = " ".join(soup.title.extract().get_text().split())[:200] if soup.title else ""
    top = soup.find("main") or soup.find("article") or soup.body or soup
    text = MarkdownConverter(heading_style="ATX", bullets="-").convert_soup(top)
    return BLANKS.sub("\n\n", f"# {title}\n\n{text}" if title and title not in text[:500] else text).strip()
