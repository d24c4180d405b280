"""How the window is: the sum of what the user's clients tell."""

from __future__ import annotations

import pytest

import shim as vscode
from sessions.context import SessionContext
from shim import ColorThemeKind, WindowState
from shim.appearance import Appearance

pytestmark = pytest.mark.anyio


async def test_the_window_is_focused_while_any_client_is(ada: SessionContext, ben: SessionContext) -> None:
    heard: list[WindowState] = []
    one, other = object(), object()
    appearance = ada.get(Appearance)
    with ada.entered():
        vscode.window.on_did_change_window_state(heard.append)
        assert vscode.window.state == WindowState(focused=False, active=False)
        assert appearance.tell(one, WindowState(True, True))
        assert appearance.tell(other, WindowState(False, True))
        assert vscode.window.state == WindowState(True, True)
        assert not appearance.tell(one, WindowState(False, False))
        appearance.leave(other)
        appearance.leave(other)
    assert heard == [WindowState(True, True), WindowState(False, True), WindowState(False, False)]
    with ben.entered():
        assert vscode.window.state == WindowState(False, False)


async def test_the_colours_are_those_that_a_client_told_last(ada: SessionContext) -> None:
    heard: list[ColorThemeKind] = []
    with ada.entered():
        vscode.window.on_did_change_active_color_theme(lambda theme: heard.append(theme.kind))
        assert vscode.window.active_color_theme.kind == ColorThemeKind.DARK
        for kind in (ColorThemeKind.LIGHT, ColorThemeKind.LIGHT, ColorThemeKind.HIGH_CONTRAST):
            ada.get(Appearance).color(kind)
        assert vscode.window.active_color_theme.kind == ColorThemeKind.HIGH_CONTRAST
    assert heard == [ColorThemeKind.LIGHT, ColorThemeKind.HIGH_CONTRAST]
