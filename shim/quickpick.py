"""`vscode.window`'s quick picks as objects: lines to choose from, shown, changed and hidden while the user types."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from sessions.errors import InvalidValue
from shim.enums import QuickPickItemKind
from shim.events import EventEmitter
from shim.picks import MOST, QuickPickItem
from shim.questions import shown
from shim.quickinput import QuickInput
from shim.surface import Shown, packed, plain
from shim.types import QuickInputButton
from shim.values import Value, readonly

Pick = TypeVar("Pick", bound=QuickPickItem)


@readonly
class QuickPickItemButtonEvent(Value, Generic[Pick]):
    """A button of an item was pressed."""

    button: QuickInputButton
    item: Pick


class QuickPick(QuickInput, Generic[Pick]):
    """Lines to choose from, as the extension gives them while the user types.

    While it is shown, what the extension makes active or selected is heard like what the user does; an item that it
    selects where only one may be is accepted.
    """

    __slots__ = ("_actives", "_first", "_heard", "_lines", "_selections", "_settling", "_triggered")

    kind: ClassVar[str] = "quickPick"

    can_select_many = Shown[bool](False)
    match_on_description = Shown[bool](False)
    match_on_detail = Shown[bool](False)
    keep_scroll_position = Shown[bool](False)

    def __init__(self) -> None:
        super().__init__()
        self._first = 0
        self._lines = packed(())
        self._heard: dict[str, tuple[Pick, ...]] = {"active_items": (), "selected_items": ()}
        self._settling = False
        self._actives = EventEmitter[list[Pick]]()
        self._selections = EventEmitter[list[Pick]]()
        self._triggered = EventEmitter[QuickPickItemButtonEvent[Pick]]()

    @property
    def items(self) -> Sequence[Pick]:
        """What there is to choose from, 10,000 at most."""
        found: Sequence[Pick] = self._values.get("items", ())
        return found

    @items.setter
    def items(self, items: Iterable[Pick]) -> None:
        picks = tuple(items)
        if len(picks) > MOST:
            raise InvalidValue("items", f"may be {MOST} at most, and are {len(picks)}; show those that fit the value")
        self._first += len(self.items)
        self._values["items"] = picks
        self._lines = packed([_line(self._first + index, item) for index, item in enumerate(picks)])
        self._values["active_items"] = self._values["selected_items"] = ()
        self.changed()
        self.settle()

    @property
    def active_items(self) -> Sequence[Pick]:
        """Where the cursor is."""
        found: Sequence[Pick] = self._values.get("active_items", ())
        return found

    @active_items.setter
    def active_items(self, items: Iterable[Pick]) -> None:
        self._values["active_items"] = self._among(items)
        self.changed()
        self.settle()

    @property
    def selected_items(self) -> Sequence[Pick]:
        """What is chosen."""
        found: Sequence[Pick] = self._values.get("selected_items", ())
        return found

    @selected_items.setter
    def selected_items(self, items: Iterable[Pick]) -> None:
        self._values["selected_items"] = self._among(items)
        self.changed()
        self.settle()

    def settle(self) -> None:
        if self._visible and not self._settling:
            self._settling = True
            asyncio.get_running_loop().call_soon(self._settle)

    def _settle(self) -> None:
        self._settling = False
        if self.disposed or not self._visible:
            return
        self._tell_active()
        if self._tell_selected() and self.selected_items and not self.can_select_many:
            self._taken.fire()
        if not (self.active_items or self.can_select_many or self.value):
            self.active_items = [one for one in self.items if one.kind != QuickPickItemKind.SEPARATOR][:1]
            self._tell_active()

    def _tell_active(self) -> None:
        if self._is_news("active_items"):
            self._actives.fire(list(self.active_items))

    def _tell_selected(self) -> bool:
        news = self._is_news("selected_items")
        if news:
            self._selections.fire(list(self.selected_items))
        return news

    def _is_news(self, name: str) -> bool:
        before, self._heard[name] = self._heard[name], tuple(self._values.get(name, ()))
        return before != self._heard[name]

    def _among(self, items: Iterable[Pick]) -> tuple[Pick, ...]:
        known = {id(item) for item in self.items}
        return tuple(item for item in items if id(item) in known)

    @property
    def on_did_change_active(self) -> Any:
        """Fires with the items that the cursor has come to."""
        return self._actives.event

    @property
    def on_did_change_selection(self) -> Any:
        """Fires with the items that are chosen."""
        return self._selections.event

    @property
    def on_did_trigger_item_button(self) -> Any:
        """Fires with a `QuickPickItemButtonEvent`."""
        return self._triggered.event

    def state(self) -> Mapping[str, Any] | None:
        state = super().state()
        if state is None:
            return None
        few = {id(item) for item in (*self.active_items, *self.selected_items)}
        ids = {id(item): self._first + index for index, item in enumerate(self.items) if id(item) in few}
        return {
            **state,
            "items": self._lines,
            "activeItems": [ids[id(item)] for item in self.active_items],
            "selectedItems": [ids[id(item)] for item in self.selected_items],
        }

    # -- what a client tells

    def _named(self, ids: Iterable[int]) -> tuple[Pick, ...]:
        """The items of these ids; those of items that are not there any more are passed over."""
        found = (self.items[one - self._first] for one in ids if 0 <= one - self._first < len(self.items))
        return tuple(item for item in found if item.kind != QuickPickItemKind.SEPARATOR)

    def move(self, ids: Iterable[int]) -> None:
        """The user's cursor is at these items."""
        items = self._named(ids)
        if self._visible and items != self.active_items:
            self.active_items = items
            self._tell_active()

    def select(self, ids: Iterable[int]) -> None:
        """The user has chosen these items."""
        items = self._named(ids)
        items = items if self.can_select_many else items[:1]
        if self._visible and self.enabled and items != self.selected_items:
            self.selected_items = items
            self._tell_selected()

    def press_on(self, item: int, index: int) -> None:
        """The user pressed a button of an item."""
        for one in self._named([item]):
            buttons = getattr(one, "buttons", None) or ()
            if self._visible and 0 <= index < len(buttons):
                self._triggered.fire(QuickPickItemButtonEvent(buttons[index], one))


MORE = {"picked": "picked", "always_show": "alwaysShow", "icon_path": "iconPath", "buttons": "buttons"}
"""Attributes of an item that few items have, and their names on the wire. A constant."""


def _line(id: int, item: QuickPickItem) -> dict[str, Any]:
    """What clients are told of an item: what is there of it."""
    line: dict[str, Any] = {"id": id, "label": shown(item.label)}
    if item.kind != QuickPickItemKind.DEFAULT:
        line["kind"] = int(item.kind)
    if item.description is not None:
        line["description"] = shown(item.description)
    if item.detail is not None:
        line["detail"] = shown(item.detail)
    own = item.__dict__
    for name, wire in MORE.items():
        if own.get(name):
            line[wire] = plain(own[name])
    return line


def create_quick_pick() -> QuickPick[Any]:
    """A quick pick to fill and to `show()`."""
    return QuickPick()
