"""The page with the list: one panel at a time, kept in a global."""

from __future__ import annotations

import html
from typing import Any

import shim as vscode

from . import store

panel: vscode.WebviewPanel | None = None
answers: list[Any] = []


def show() -> vscode.WebviewPanel:
    global panel
    if panel is None:
        panel = vscode.window.create_webview_panel(
            "reminders.page", "Reminders", vscode.ViewColumn.ONE, enable_scripts=True
        )
        panel.webview.on_did_receive_message(_received)
        panel.on_did_dispose(_disposed)
    render()
    panel.reveal()
    return panel


def render() -> None:
    if panel is not None:
        items = "".join(f"<li>{html.escape(one.text)}</li>" for one in store.everything())
        policy = f"default-src 'none'; style-src {panel.webview.csp_source}"
        head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        panel.webview.html = f"<!doctype html><html><head>{head}</head><body><ul>{items}</ul></body></html>"


def _received(message: Any) -> None:
    answers.append(message)


def _disposed(_: object = None) -> None:
    global panel
    panel = None
