"""One tab and one group of tabs, and the events about them. What changes them, `Tabs` does."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from shim.enums import ViewColumn
from shim.types import (
    TabInputCustom,
    TabInputNotebook,
    TabInputNotebookDiff,
    TabInputTerminal,
    TabInputText,
    TabInputTextDiff,
    TabInputWebview,
)
from shim.values import ReadOnly, Value, readonly

if TYPE_CHECKING:
    from shim.tabs import Tabs

COLUMNS = 9
"""Groups that VS Code's `ViewColumn` has numbers for."""

TabInput: TypeAlias = (
    TabInputText
    | TabInputTextDiff
    | TabInputCustom
    | TabInputWebview
    | TabInputNotebook
    | TabInputNotebookDiff
    | TabInputTerminal
)

KINDS: dict[type[Value], str] = {
    TabInputText: "text",
    TabInputTextDiff: "diff",
    TabInputCustom: "custom",
    TabInputWebview: "webview",
    TabInputNotebook: "notebook",
    TabInputNotebookDiff: "notebookDiff",
    TabInputTerminal: "terminal",
}
"""What a tab is, on the wire. A constant."""


class Tab:
    """One tab, as long as it is open."""

    __slots__ = (
        "__weakref__", "_group", "_input", "_is_dirty", "_is_pinned", "_is_preview", "_label", "content", "handle",
    )  # fmt: skip

    label = ReadOnly[str]()
    group = ReadOnly["TabGroup"]()
    input = ReadOnly[TabInput]()
    is_dirty = ReadOnly[bool]()
    is_pinned = ReadOnly[bool]()
    is_preview = ReadOnly[bool]()

    def __init__(self, handle: str, group: TabGroup, label: str, input: TabInput, content: Any) -> None:
        self.handle = handle
        """Names it on the wire. Not in VS Code."""
        self._group = group
        self._label = label
        self._input = input
        self._is_dirty = self._is_pinned = self._is_preview = False
        self.content = content
        """What it shows: an object with `closed()`, or None. Not in VS Code."""

    @property
    def is_active(self) -> bool:
        """Whether its group shows it."""
        return self.group.active_tab is self

    def state(self) -> dict[str, Any]:
        """What clients are told."""
        return {
            "handle": self.handle,
            "label": self.label,
            "isActive": self.is_active,
            "isDirty": self.is_dirty,
            "isPinned": self.is_pinned,
            "isPreview": self.is_preview,
            "input": {"kind": KINDS[type(self.input)], **self.input.to_json()},
        }


class TabGroup:
    """Tabs in one column, of which one is shown."""

    __slots__ = ("__weakref__", "_all", "_tabs", "recent")

    tabs = ReadOnly[tuple[Tab, ...]]()

    def __init__(self, tabs: Tabs) -> None:
        self._all: Tabs = weakref.proxy(tabs)  # whose part this is
        self._tabs: tuple[Tab, ...] = ()
        self.recent: list[Tab] = []
        """The tabs as they were shown, the one that is shown last. Not in VS Code."""

    @property
    def active_tab(self) -> Tab | None:
        """The one that is shown."""
        return self.recent[-1] if self.recent else None

    @property
    def is_active(self) -> bool:
        """Whether it is the group that the user is in."""
        return self._all.active is self

    @property
    def view_column(self) -> ViewColumn:
        """Its place among the groups, from ONE."""
        groups = self._all.groups
        return ViewColumn(min(COLUMNS, groups.index(self) + 1)) if self in groups else ViewColumn.ONE


@readonly
class TabChangeEvent(Value):
    """Tabs were opened, closed, or are other than before."""

    opened: Sequence[Tab]
    closed: Sequence[Tab]
    changed: Sequence[Tab]


@readonly
class TabGroupChangeEvent(Value):
    """Groups were opened, closed, or are other than before."""

    opened: Sequence[TabGroup]
    closed: Sequence[TabGroup]
    changed: Sequence[TabGroup]
