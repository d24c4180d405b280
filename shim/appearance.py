"""How the user's window is, as their clients tell: whether somebody looks at it, and the kind of its colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shim.enums import ColorThemeKind
from shim.events import EventEmitter, HasEvents, of_user
from shim.values import Value, readonly

if TYPE_CHECKING:
    from sessions.context import SessionContext


@readonly
class WindowState(Value):
    """Whether a client of the user has the focus, and whether they did something in it lately."""

    focused: bool
    active: bool


@readonly
class ColorTheme(Value):
    """The colours that the user sees."""

    kind: ColorThemeKind


class Appearance(HasEvents):
    """What the clients of one user tell of their windows; what one told goes with it."""

    __slots__ = ("_states", "changed", "recolored", "state", "theme")

    def __init__(self, session: SessionContext) -> None:
        self._states: dict[object, WindowState] = {}
        self.state = WindowState(False, False)
        """Focused while any client is, active while any is."""
        self.theme = ColorTheme(ColorThemeKind.DARK)
        """What the client that told last has; dark before any did."""
        self.changed = EventEmitter[WindowState]()
        self.recolored = EventEmitter[ColorTheme]()

    def tell(self, client: object, state: WindowState) -> bool:
        """A client's window is so now; whether it is the first that this client tells: then it is to `leave`, too."""
        is_new = client not in self._states
        self._states[client] = state
        self._sum_up()
        return is_new

    def leave(self, client: object) -> None:
        """A client went."""
        if self._states.pop(client, None) is not None:
            self._sum_up()

    def _sum_up(self) -> None:
        states = self._states.values()
        state = WindowState(any(one.focused for one in states), any(one.active for one in states))
        if state != self.state:
            self.state = state
            self.changed.fire(state)

    def color(self, kind: ColorThemeKind) -> None:
        """A client has other colours."""
        if kind != self.theme.kind:
            self.theme = ColorTheme(kind)
            self.recolored.fire(self.theme)


on_did_change_window_state = of_user(lambda session: session.get(Appearance).changed)
"""Fires with the `WindowState` when the user's clients come into focus or lose it."""

on_did_change_active_color_theme = of_user(lambda session: session.get(Appearance).recolored)
"""Fires with the `ColorTheme` when a client tells of other colours."""
