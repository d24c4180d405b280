"""`vscode.window.tab_groups`: what is open in the current user's window, one window on however many clients.

Extensions and clients change it alike; what a tab shows (an editor, a webview) hangs on it and is made elsewhere.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sessions.errors import InvalidValue
from shim.enums import ViewColumn
from shim.events import EventEmitter, HasEvents
from shim.surface import Piece
from shim.tab import COLUMNS, Tab, TabChangeEvent, TabGroup, TabGroupChangeEvent, TabInput
from shim.thenable import Thenable, thenable

if TYPE_CHECKING:
    from sessions.context import SessionContext

MOST = 500
"""Tabs of one user."""


class Layout(Piece):
    """The groups as clients are told them."""

    __slots__ = ("_tabs",)

    kind = "tabGroups"

    def __init__(self, tabs: Tabs) -> None:
        self._tabs: Tabs = weakref.proxy(tabs)  # whose part this is
        super().__init__()

    def state(self) -> dict[str, Any]:
        groups = (
            {"viewColumn": group.view_column, "isActive": group.is_active, "tabs": [tab.state() for tab in group.tabs]}
            for group in self._tabs.groups
        )
        return {"groups": list(groups)}


class TabGroups:
    """VS Code's `TabGroups`, of one user."""

    __slots__ = ("_tabs",)

    def __init__(self, tabs: Tabs) -> None:
        self._tabs: Tabs = weakref.proxy(tabs)  # whose part this is

    @property
    def all(self) -> tuple[TabGroup, ...]:
        """The groups in their order; there is always one, if an empty one."""
        return self._tabs.groups

    @property
    def active_tab_group(self) -> TabGroup:
        """The group that the user is in."""
        return self._tabs.active

    @property
    def on_did_change_tabs(self) -> Any:
        """Fires with a `TabChangeEvent`."""
        return self._tabs.tabs_changed.event

    @property
    def on_did_change_tab_groups(self) -> Any:
        """Fires with a `TabGroupChangeEvent`."""
        return self._tabs.groups_changed.event

    def close(
        self, what: Tab | TabGroup | Sequence[Tab] | Sequence[TabGroup], preserve_focus: bool = False
    ) -> Thenable[bool]:
        """Close a tab, a group, or several; whether all of them were open."""
        tabs: list[Tab] = []
        for one in (what,) if isinstance(what, Tab | TabGroup) else what:
            tabs += one.tabs if isinstance(one, TabGroup) else (one,)
        return thenable(self._close(tabs), "window.tab_groups.close")

    async def _close(self, tabs: Sequence[Tab]) -> bool:
        were_open = [self._tabs.has(tab) for tab in tabs]
        self._tabs.shut(*tabs)
        return all(were_open)


class Tabs(HasEvents):
    """What is open in one user's window: what extensions and clients change, and `TabGroups` shows."""

    __slots__ = (
        "__weakref__",
        "_before",
        "_layout",
        "_number",
        "active",
        "changed",
        "groups",
        "groups_changed",
        "shown",
        "tabs_changed",
    )

    def __init__(self, session: SessionContext) -> None:
        self._number = 0
        self._before: tuple[dict[Tab, Any], dict[TabGroup, Any]] | None = None
        self.active = TabGroup(self)
        """The group that the user is in."""
        self.groups: tuple[TabGroup, ...] = (self.active,)
        self.shown = TabGroups(self)
        """What extensions see of it."""
        self.tabs_changed = EventEmitter[TabChangeEvent]()
        self.groups_changed = EventEmitter[TabGroupChangeEvent]()
        self.changed: list[Callable[[], None]] = []
        """Called after every change, before anybody else hears of it: who shows what a tab has."""
        with session.entered():
            self._layout = Layout(self)

    async def close(self) -> None:
        """The session ends, and what was open is no more: those who show it are not told."""
        self.changed.clear()
        for group in self.groups:
            for tab in group.tabs:
                tab.content = None  # which knows its tab
            group._tabs = ()
            group.recent.clear()

    # -- what extensions and clients do to it

    def has(self, tab: Tab) -> bool:
        return tab.group in self.groups and tab in tab.group.tabs

    def find(self, handle: str) -> Tab:
        """The tab of this handle; raises `InvalidValue` where there is none."""
        for group in self.groups:
            for tab in group.tabs:
                if tab.handle == handle:
                    return tab
        raise InvalidValue("tab", "names no open tab of this user; `window.surface` lists them")

    def group_at(self, column: int | None) -> TabGroup:
        """The group of a column, made if need be: None and ACTIVE are the user's, BESIDE the one after it."""
        if column is None or column == ViewColumn.ACTIVE:
            return self.active
        here = self.groups.index(self.active)
        place = here + 1 if column == ViewColumn.BESIDE else column - 1
        if not place >= 0:
            raise InvalidValue("view_column", "must be ACTIVE, BESIDE, or ONE to NINE")
        if place < len(self.groups):
            return self.groups[place]
        if len(self.groups) >= COLUMNS:
            return self.groups[-1]
        group = TabGroup(self)
        self.groups = (*self.groups, group)
        return group

    def open(
        self,
        input: TabInput,
        label: str,
        column: int | None = None,
        *,
        content: Callable[[], Any] | None = None,
        preview: bool = False,
        preserve_focus: bool = False,
        again: bool = False,
    ) -> Tab:
        """Show a tab in a column: the one that has this input there, or a new one of `content()`; `again`: a new one.

        A tab in preview makes room for the next. Without `preserve_focus` the user is in that group then.
        """
        with self.change():
            group = self.group_at(column)
            found = None if again else next((tab for tab in group.tabs if tab.input == input), None)
            tab = found or self._add(group, input, label, content)
            if found is None and preview:
                self._remove(*[one for one in group.tabs if one.is_preview and not one.is_dirty])
            tab._is_preview = preview and (found is None or tab.is_preview)
            self._show(tab, preserve_focus)
        return tab

    def _add(self, group: TabGroup, input: TabInput, label: str, content: Callable[[], Any] | None) -> Tab:
        if sum(len(one.tabs) for one in self.groups) >= MOST:
            raise InvalidValue("tabs", f"{MOST} are open already; close some first")
        self._number += 1
        tab = Tab(str(self._number), group, label, input, content() if content else None)
        place = group.tabs.index(group.active_tab) + 1 if group.active_tab else 0
        group._tabs = (*group.tabs[:place], tab, *group.tabs[place:])
        group.recent.insert(0, tab)
        return tab

    def show(self, tab: Tab, preserve_focus: bool = False) -> None:
        """Let the tab be the one that its group shows."""
        with self.change():
            self._show(tab, preserve_focus)

    def _show(self, tab: Tab, preserve_focus: bool) -> None:
        if not self.has(tab):
            raise InvalidValue("tab", "is closed")
        tab.group.recent.remove(tab)
        tab.group.recent.append(tab)
        if not preserve_focus:
            self.active = tab.group

    def move(self, tab: Tab, column: int, index: int | None = None) -> None:
        """Put a tab into another column, or to another place of its own."""
        with self.change():
            target, old = self.group_at(column), tab.group
            rest = [one for one in target.tabs if one is not tab]
            place = len(rest) if index is None else min(index, len(rest))
            old._tabs = tuple(one for one in old.tabs if one is not tab)
            old.recent.remove(tab)
            target._tabs = (*rest[:place], tab, *rest[place:])
            target.recent.append(tab)
            tab._group = target
            self.active = target

    def rename(self, tab: Tab, label: str) -> None:
        """What it shows is called otherwise now."""
        with self.change():
            tab._label = label

    def pin(self, tab: Tab, pinned: bool) -> None:
        """Keep it before the others, or not any more; either way it is no preview."""
        with self.change():
            tab._is_pinned = pinned
            tab._is_preview = False

    def mark(self, tab: Tab, is_dirty: bool) -> None:
        """Say whether something in it is not saved; who types in a preview wants to keep it."""
        with self.change():
            tab._is_dirty = is_dirty
            tab._is_preview = tab.is_preview and not is_dirty

    def shut(self, *tabs: Tab) -> None:
        """Close these tabs, those that are open; what they show is told so."""
        with self.change():
            self._remove(*tabs)

    def _remove(self, *tabs: Tab) -> None:
        for tab in tabs:
            if self.has(tab):
                tab.group._tabs = tuple(one for one in tab.group.tabs if one is not tab)
                tab.group.recent.remove(tab)
                if tab.content is not None:
                    tab.content.closed()

    def _tidy(self) -> None:
        """No group is empty, unless it is the only one."""
        kept = tuple(group for group in self.groups if group.tabs) or self.groups[:1]
        if self.active not in kept:
            place = self.groups.index(self.active)
            self.active = kept[min(place, len(kept) - 1)]
        self.groups = kept

    # -- who hears of it

    @contextmanager
    def change(self) -> Iterator[None]:
        """Change tabs within the body; afterwards everybody is told what is other than before, once."""
        if self._before is not None:
            yield
            return
        self._before = self._picture()
        try:
            yield
        finally:
            self._tidy()
            before, self._before = self._before, None
            self._tell(*before)

    def _picture(self) -> tuple[dict[Tab, Any], dict[TabGroup, Any]]:
        tabs = {
            tab: (tab.label, tab.is_active, tab.is_dirty, tab.is_pinned, tab.is_preview, group)
            for group in self.groups
            for tab in group.tabs
        }
        return tabs, {group: (group.is_active, group.view_column, group.active_tab) for group in self.groups}

    def _tell(self, old_tabs: dict[Tab, Any], old_groups: dict[TabGroup, Any]) -> None:
        tabs, groups = self._picture()
        if (tabs, groups) == (old_tabs, old_groups) and list(tabs) == list(old_tabs):
            return
        self._layout.changed()
        for listener in self.changed:
            listener()
        opened, closed, changed = _differences(old_groups, groups)
        if opened or closed or changed:
            self.groups_changed.fire(TabGroupChangeEvent(opened, closed, changed))
        opened, closed, changed = _differences(old_tabs, tabs)
        if opened or closed or changed:
            self.tabs_changed.fire(TabChangeEvent(opened, closed, changed))


def _differences(before: dict[Any, Any], after: dict[Any, Any]) -> tuple[tuple[Any, ...], ...]:
    """What is new, what is gone, and what is other than before."""
    opened = tuple(one for one in after if one not in before)
    closed = tuple(one for one in before if one not in after)
    changed = tuple(one for one in after if one in before and before[one] != after[one])
    return opened, closed, changed
