"""Language status items: what a language's extension says beside the text. Clients show it; nothing is done here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue
from shim.enums import LanguageStatusSeverity
from shim.selectors import DocumentSelector, checked
from shim.surface import Piece, Shown, Surface
from shim.types import AccessibilityInformation, Command
from shim.values import as_text


class LanguageStatusItem(Piece):
    """One item, shown for the documents of its selector until it is disposed of."""

    __slots__ = ("_id",)

    kind = "languageStatusItem"

    def __init__(self, id: str, selector: DocumentSelector) -> None:
        """Raises `InvalidValue` where the extension has an item of this id already."""
        self._id = as_text(id, "id")
        there = current_session().get(Surface).all(LanguageStatusItem)
        if any((one.id, one.extension) == (id, current_extension()) for one in there):
            raise InvalidValue("id", f"there is a language status item '{id}' already; dispose of it first")
        super().__init__()
        self.selector = checked(selector)

    name = Shown[str | None](None)
    selector = Shown[DocumentSelector]("")
    severity = Shown[LanguageStatusSeverity](LanguageStatusSeverity.INFORMATION)
    text = Shown[str]("")
    detail = Shown[str | None](None)
    busy = Shown[bool](False)
    command = Shown[Command | None](None)
    accessibility_information = Shown[AccessibilityInformation | None](None)

    @property
    def id(self) -> str:
        return self._id

    def state(self) -> Mapping[str, Any]:
        return {"id": self.id, "text": "", "busy": False, "severity": self.severity, **self.attributes()}
