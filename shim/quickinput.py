"""`vscode.window`'s input boxes as objects, and what quick picks have in common with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sessions.current import current_session
from sessions.errors import InvalidValue
from shim.enums import InputBoxValidationSeverity
from shim.events import EventEmitter
from shim.picks import InputBoxValidationMessage
from shim.surface import Piece, Shown, Surface
from shim.types import QuickInputButton


class QuickInput(Piece):
    """What a quick pick and an input box have in common. One at a time is shown to a user: another one hides it."""

    __slots__ = ("_changed", "_hidden", "_pressed", "_taken", "_visible")

    kind: ClassVar[str] = "quickInput"

    title = Shown[str | None](None)
    step = Shown[int | None](None)
    total_steps = Shown[int | None](None)
    enabled = Shown[bool](True)
    """Whether the user may type."""
    busy = Shown[bool](False)
    """Whether it shows that something goes on."""
    ignore_focus_out = Shown[bool](False)
    value = Shown[str]("")
    placeholder = Shown[str | None](None)
    prompt = Shown[str | None](None)
    buttons = Shown[Sequence[QuickInputButton]](())

    def __init__(self) -> None:
        super().__init__()
        self._visible = False
        self._changed = EventEmitter[str]()
        self._taken = EventEmitter[None]()
        self._hidden = EventEmitter[None]()
        self._pressed = EventEmitter[QuickInputButton]()

    @property
    def on_did_change_value(self) -> Any:
        """Fires with what the user has typed so far."""
        return self._changed.event

    @property
    def on_did_accept(self) -> Any:
        """Fires when the user is content, as by Enter; hiding it is the extension's."""
        return self._taken.event

    @property
    def on_did_hide(self) -> Any:
        """Fires when it is hidden, by whomever."""
        return self._hidden.event

    @property
    def on_did_trigger_button(self) -> Any:
        """Fires with the button that was pressed."""
        return self._pressed.event

    def state(self) -> Mapping[str, Any] | None:
        if not self._visible:
            return None
        return {"extension": self.extension, "value": "", "enabled": True, "busy": False, **self.attributes()}

    def show(self) -> None:
        """Show it in place of any other."""
        if self.disposed:
            raise InvalidValue("show", "it is disposed of; create another one")
        for other in current_session().get(Surface).all(QuickInput):
            if other is not self:
                other.hide()
        self._visible = True
        self.changed()
        self.settle()

    def settle(self) -> None:
        """It is shown, or its items are others: what follows from that is told in the loop's next round."""

    def hide(self) -> None:
        """Hide it; it may be shown again."""
        if self._visible:
            self._visible = False
            self.changed()
            self._hidden.fire()

    def dispose(self) -> None:
        """Hide it for good."""
        if not self.disposed:
            self.hide()
            super().dispose()

    # -- what a client tells

    def type(self, value: str) -> None:
        """The user has typed so far."""
        if self._visible and value != self.value:
            self.value = value
            self._changed.fire(value)

    def accept(self) -> None:
        """The user is content."""
        if self._visible and self.enabled:
            self._taken.fire()

    def press(self, index: int) -> None:
        """The user pressed a button."""
        if self._visible and 0 <= index < len(self.buttons):
            self._pressed.fire(self.buttons[index])


class InputBox(QuickInput):
    """A line to type, with what is wrong about it."""

    __slots__ = ()

    kind: ClassVar[str] = "inputBox"

    value_selection = Shown[tuple[int, int] | None](None)
    password = Shown[bool](False)
    validation_message = Shown[str | InputBoxValidationMessage | None](None)

    def state(self) -> Mapping[str, Any] | None:
        state = super().state()
        if state is not None and self.password:
            return {**state, "value": ""}  # what is secret is not shown to the user's other clients
        return state

    def accept(self) -> None:
        wrong = self.validation_message
        severity = getattr(wrong, "severity", InputBoxValidationSeverity.ERROR)
        if not wrong or severity != InputBoxValidationSeverity.ERROR:
            super().accept()


def create_input_box() -> InputBox:
    """An input box to fill and to `show()`."""
    return InputBox()
