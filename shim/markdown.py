"""`MarkdownString`: text that an extension gives to be shown. Whoever shows it decides what of it is safe."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from shim.uri import Uri
from shim.values import Value, as_text, value

_SYNTAX = re.compile(r"[\\`*_{}\[\]()#+\-!~]")
_BLANKS = re.compile(r"[ \t]+")
_ICON = re.compile(r"(\\?)(\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\))")
_FENCE = re.compile(r"^`+", re.MULTILINE)


@value
class MarkdownString(Value):
    """Markdown; each `append_` gives this string again.

    `is_trusted` allows command links: all with True, with `{"enabled_commands": [...]}` those. `support_html` and
    `support_theme_icons` (`$(check)`) say what else is meant.
    """

    value: str = ""
    support_theme_icons: bool = False
    is_trusted: bool | Mapping[str, Sequence[str]] | None = None
    support_html: bool = False
    base_uri: Uri | None = None

    def check(self) -> None:
        self.value = as_text(self.value, "value")

    def append_text(self, value: str) -> MarkdownString:
        """Add plain text: nothing in it is Markdown, a line end is one that is seen."""
        text = (
            _ICON.sub(lambda icon: icon[0] if icon[1] else f"\\{icon[0]}", value) if self.support_theme_icons else value
        )
        text = _BLANKS.sub(lambda blanks: "&nbsp;" * len(blanks[0]), _SYNTAX.sub(r"\\\g<0>", text))
        self.value += text.replace(">", "\\>").replace("\n", "\n\n")
        return self

    def append_markdown(self, value: str) -> MarkdownString:
        """Add Markdown as it is."""
        self.value += value
        return self

    def append_codeblock(self, value: str, language: str | None = None) -> MarkdownString:
        """Add code, fenced by more backticks than it has itself."""
        longest = max(map(len, _FENCE.findall(value)), default=0)
        fence = "`" * (longest + 1 if longest >= 3 else 3)
        self.value += f"\n{fence}{language or ''}\n{value}\n{fence}\n"
        return self
