"""`vscode.scm`: source controls that the current user's extensions show. It knows no version control."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sessions.current import current_session
from shim.namespace import fix
from shim.source_control import (
    SourceControl,
    SourceControlInputBox,
    SourceControlResourceDecorations,
    SourceControlResourceGroup,
    SourceControlResourceState,
    SourceControlResourceThemableDecorations,
)
from shim.surface import Surface
from shim.uri import Uri

__all__ = [
    "SourceControl",
    "SourceControlInputBox",
    "SourceControlResourceDecorations",
    "SourceControlResourceGroup",
    "SourceControlResourceState",
    "SourceControlResourceThemableDecorations",
    "create_source_control",
    "input_box",
]

input_box: SourceControlInputBox | None
"""The input box of the newest source control (VS Code keeps it for old code: use `SourceControl.input_box`)."""


def create_source_control(id: str, label: str, root_uri: Uri | None = None) -> SourceControl:
    """Show a source control to the user, of the folder `root_uri` where there is one."""
    return SourceControl(id, label, root_uri)


if not TYPE_CHECKING:  # type checkers see the annotation above, and mistyped names

    def __getattr__(name: str) -> Any:
        if name == "input_box":
            boxes = current_session().get(Surface).all(SourceControlInputBox)
            return boxes[-1] if boxes else None
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


fix(__name__)
