"""`vscode.window`'s messages: telling the current user, on whichever of their clients answers first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from shim.questions import ask, shown
from shim.thenable import Thenable, thenable
from shim.values import Value, value


@value
class MessageItem(Value):
    """A button of a message; `is_close_affordance` marks the one that closing the message stands for."""

    title: str
    is_close_affordance: bool = False


Item = TypeVar("Item", str, MessageItem)


def show_information_message(
    message: str, *items: Item, modal: bool = False, detail: str | None = None
) -> Thenable[Item | None]:
    """Tell the user; with `items` as buttons, the chosen one of them, or None when the message is closed.

    A modal message that is closed gives the item that is its close affordance, if there is one.
    """
    return thenable(_message("info", message, items, modal, detail), "window.show_information_message")


def show_warning_message(
    message: str, *items: Item, modal: bool = False, detail: str | None = None
) -> Thenable[Item | None]:
    """As `show_information_message`, as a warning."""
    return thenable(_message("warning", message, items, modal, detail), "window.show_warning_message")


def show_error_message(
    message: str, *items: Item, modal: bool = False, detail: str | None = None
) -> Thenable[Item | None]:
    """As `show_information_message`, as an error."""
    return thenable(_message("error", message, items, modal, detail), "window.show_error_message")


async def _message(severity: str, message: str, items: Sequence[Item], modal: bool, detail: str | None) -> Item | None:
    titles = [shown(item if isinstance(item, str) else item.title) for item in items]
    params = {"severity": severity, "message": shown(message), "items": titles}
    more = {"modal": modal or None, "detail": None if detail is None else shown(detail)}
    answer = await ask("window.showMessage", params | more)
    if answer in titles:
        return items[titles.index(answer)]
    closes = (item for item in items if isinstance(item, MessageItem) and item.is_close_affordance)
    return next(closes, None) if modal else None
