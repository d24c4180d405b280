"""Language status items: what a language's extension says beside the text. Clients show it; nothing is done here."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sessions.current import current_extension
from sessions.errors import InvalidValue, RoostError
from shim.enums import LanguageStatusSeverity
from shim.plain import plain
from shim.selectors import DocumentSelector, checked
from shim.types import AccessibilityInformation, Command
from shim.values import as_text

if TYPE_CHECKING:
    from sessions.context import SessionContext

MOST = 200
"""Status items of one user."""

LONGEST = 1_000
"""Characters of a text of an item."""

CHANGED = "languages.onDidChangeStatusItem"
"""The event that tells clients of an item as it is now; `{id, item: null}` of one that is gone."""

SHOWN = ("name", "selector", "severity", "text", "detail", "busy", "command", "accessibility_information")
TEXTS = ("name", "text", "detail")


class LanguageStatusItem:
    """One item; setting an attribute tells the user's clients. It is shown for documents of its selector."""

    __slots__ = ("_id", "_of", "_values", "extension", "key")

    accessibility_information: AccessibilityInformation | None
    busy: bool
    command: Command | None
    detail: str | None
    name: str | None
    selector: DocumentSelector
    severity: LanguageStatusSeverity
    text: str

    key: str
    """The id with the extension's before it."""

    def __init__(self, of: StatusItems, id: str, key: str, selector: DocumentSelector) -> None:
        object.__setattr__(self, "_of", of)
        object.__setattr__(self, "_id", id)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "extension", current_extension())
        values = {**dict.fromkeys(SHOWN), "selector": checked(selector), "text": "", "busy": False}
        object.__setattr__(self, "_values", values | {"severity": LanguageStatusSeverity.INFORMATION})

    @property
    def id(self) -> str:
        return str(self._id)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"a LanguageStatusItem has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in SHOWN:
            raise AttributeError(f"a LanguageStatusItem has {', '.join(SHOWN)}, and no {name!r} that can be set")
        if name in TEXTS and value is not None:
            value = as_text(value, name)[:LONGEST]
        self._values[name] = checked(value) if name == "selector" else value
        self._of.tell(self)

    def to_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = plain(self._values)
        shown["accessibilityInformation"] = shown.pop("accessibility_information")
        return {key: one for key, one in shown.items() if one is not None}

    def dispose(self) -> None:
        """Show it no more."""
        self._of.remove(self)


class StatusItems:
    """One user's language status items."""

    __slots__ = ("_items", "_session")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._items: dict[str, LanguageStatusItem] = {}

    def create(self, id: str, selector: DocumentSelector) -> LanguageStatusItem:
        """A new item; an extension may use an id once. Raises `InvalidValue`."""
        key = f"{current_extension() or ''}/{as_text(id, 'id')[:LONGEST]}"
        if key in self._items:
            raise InvalidValue("id", f"there is a language status item '{id}' already; dispose of it first")
        if len(self._items) >= MOST:
            raise InvalidValue("id", f"{MOST} language status items are there already; dispose of some first")
        made = self._items[key] = LanguageStatusItem(self, id, key, selector)
        self.tell(made)
        return made

    def remove(self, item: LanguageStatusItem) -> None:
        """An item is shown no more."""
        if self._items.get(item.key) is item:
            del self._items[item.key]
            self._post({"id": item.key, "item": None})

    def forget_extension(self, extension: str) -> None:
        """It is gone, with its items."""
        for item in [one for one in self._items.values() if one.extension == extension]:
            self.remove(item)

    def tell(self, item: LanguageStatusItem) -> None:
        """Let clients see an item as it is now, if it is shown at all."""
        if self._items.get(item.key) is item:
            self._post({"id": item.key, "item": item.to_json()})

    def _post(self, told: dict[str, Any]) -> None:
        with suppress(RoostError):  # a mailbox that takes nothing more: clients ask for all when they come back
            self._session.mailbox.post(CHANGED, told)

    def shown(self) -> list[dict[str, Any]]:
        """All items, for a client that has just come."""
        return [{"id": item.key, "item": item.to_json()} for item in self._items.values()]
