"""How an editor shows its text: `TextEditorOptions`, read as leniently as VS Code reads them. It knows no editor."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from sessions.errors import InvalidValue
from shim.enums import TextEditorCursorStyle, TextEditorLineNumbersStyle

log = logging.getLogger("roost.shim")


class TextEditorOptions:
    """How an editor shows its text; setting one of these tells the clients. `auto` leaves a size as it is."""

    __slots__ = ("_told", "_values")

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "tab_size": 4,
        "indent_size": 4,
        "insert_spaces": True,
        "cursor_style": TextEditorCursorStyle.LINE,
        "line_numbers": TextEditorLineNumbersStyle.ON,
    }

    def __init__(self, **options: Any) -> None:
        self._told: Callable[[], None] | None = None
        self._values = dict(self.DEFAULTS)
        self.update(options)

    def heard_by(self, told: Callable[[], None]) -> TextEditorOptions:
        """These same values, of which `told` hears where one is set."""
        same = TextEditorOptions()
        same._values = self._values
        same._told = told
        return same

    def update(self, options: Mapping[str, Any]) -> bool:
        """Take other values; whether any is new. What cannot be one is left out (as in VS Code) and logged.

        Raises `InvalidValue` of a name that is no option's.
        """
        before = dict(self._values)
        for name, one in options.items():
            if name not in self.DEFAULTS:
                raise InvalidValue(name, f"is no option of an editor; those are {', '.join(self.DEFAULTS)}")
            if one is None or (isinstance(one, str) and one in ("auto", "tabSize")):
                continue
            value = _read(name, one)
            if value is None:
                log.warning("%s of an editor cannot be %r: it stays %r", name, one, self._values[name])
            else:
                self._values[name] = value
        return before != self._values

    def __getattr__(self, name: str) -> Any:
        if name in self.DEFAULTS:
            return self._values[name]
        raise AttributeError(f"an editor has no option {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__slots__:
            super().__setattr__(name, value)
        elif self.update({name: value}) and self._told is not None:
            self._told()

    def to_json(self) -> dict[str, Any]:
        """The options in VS Code's names."""
        values = self._values
        return {
            "tabSize": values["tab_size"],
            "indentSize": values["indent_size"],
            "insertSpaces": bool(values["insert_spaces"]),
            "cursorStyle": int(values["cursor_style"]),
            "lineNumbers": int(values["line_numbers"]),
        }


def _read(name: str, value: object) -> object:
    """The value as an option has it: VS Code reads numbers from text, and takes as true what is; None if it cannot."""
    if name == "insert_spaces":
        return value != "false" and bool(value)
    try:
        number = int(float(value))  # type: ignore[arg-type]  # what is no number is refused below
    except (TypeError, ValueError, OverflowError):
        return None
    if name.endswith("_size"):
        return number if 1 <= number <= 100 else None
    kind = type(TextEditorOptions.DEFAULTS[name])
    return kind(number) if number in kind._value2member_map_ else None
