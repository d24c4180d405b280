"""`vscode.window`: asking and telling the current user, on whichever of their clients answers first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from sessions.current import current_session
from sessions.errors import InvalidValue
from shim.cancellation import CancellationToken
from shim.enums import InputBoxValidationSeverity, QuickPickItemKind
from shim.questions import ask, shown
from shim.terminals import (
    Terminal,
    WindowTerminals,
    create_terminal,
    on_did_change_active_terminal,
    on_did_change_terminal_shell_integration,
    on_did_change_terminal_state,
    on_did_close_terminal,
    on_did_end_terminal_shell_execution,
    on_did_open_terminal,
    on_did_start_terminal_shell_execution,
)
from shim.thenable import Thenable, called, thenable
from shim.values import Value, value

__all__ = [
    "InputBoxValidationMessage",
    "MessageItem",
    "QuickPickItem",
    "active_terminal",
    "create_terminal",
    "on_did_change_active_terminal",
    "on_did_change_terminal_shell_integration",
    "on_did_change_terminal_state",
    "on_did_close_terminal",
    "on_did_end_terminal_shell_execution",
    "on_did_open_terminal",
    "on_did_start_terminal_shell_execution",
    "show_error_message",
    "show_information_message",
    "show_input_box",
    "show_quick_pick",
    "show_warning_message",
    "terminals",
]

MOST = 10_000
"""Items of one quick pick."""

terminals: tuple[Terminal, ...]
"""The current user's terminals, whoever opened them, as long as they live."""

active_terminal: Terminal | None
"""The one that was opened or shown last."""


@value
class MessageItem(Value):
    """A button of a message; `is_close_affordance` marks the one that closing the message stands for."""

    title: str
    is_close_affordance: bool = False


@value
class QuickPickItem(Value):
    """One line to pick; further attributes may be put on it."""

    label: str
    kind: QuickPickItemKind = QuickPickItemKind.DEFAULT
    description: str | None = None
    detail: str | None = None
    picked: bool = False
    always_show: bool = False


@value
class InputBoxValidationMessage(Value):
    """What is wrong with an input; one whose severity is less than ERROR lets it pass."""

    message: str
    severity: InputBoxValidationSeverity = InputBoxValidationSeverity.ERROR


Item = TypeVar("Item", str, MessageItem)
Pick = TypeVar("Pick", str, QuickPickItem)
Validation = str | InputBoxValidationMessage | None


def show_information_message(
    message: str, *items: Item, modal: bool = False, detail: str | None = None
) -> Thenable[Item | None]:
    """Tell the user; with `items` as buttons, the chosen one of them, or None when the message is closed."""
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
    return items[titles.index(answer)] if answer in titles else None


@overload
def show_quick_pick(
    items: Iterable[Pick] | Awaitable[Iterable[Pick]],
    *,
    can_pick_many: Literal[True],
    title: str | None = None,
    place_holder: str | None = None,
    match_on_description: bool = False,
    match_on_detail: bool = False,
    ignore_focus_out: bool = False,
    token: CancellationToken | None = None,
) -> Thenable[list[Pick] | None]: ...


@overload
def show_quick_pick(
    items: Iterable[Pick] | Awaitable[Iterable[Pick]],
    *,
    can_pick_many: Literal[False] = False,
    title: str | None = None,
    place_holder: str | None = None,
    match_on_description: bool = False,
    match_on_detail: bool = False,
    ignore_focus_out: bool = False,
    token: CancellationToken | None = None,
) -> Thenable[Pick | None]: ...


def show_quick_pick(
    items: Iterable[Any] | Awaitable[Iterable[Any]],
    *,
    can_pick_many: bool = False,
    title: str | None = None,
    place_holder: str | None = None,
    match_on_description: bool = False,
    match_on_detail: bool = False,
    ignore_focus_out: bool = False,
    token: CancellationToken | None = None,
) -> Thenable[Any]:
    """Let the user pick one of `items`, or several: what is given back are the very items. None when it is closed.

    On the wire an answer is the label of the item, or its place among `items`; with `can_pick_many` a list of them.
    """
    options = {
        "canPickMany": can_pick_many or None,
        "title": title,
        "placeHolder": place_holder,
        "matchOnDescription": match_on_description or None,
        "matchOnDetail": match_on_detail or None,
        "ignoreFocusOut": ignore_focus_out or None,
    }
    return thenable(_pick(items, options, can_pick_many, token), "window.show_quick_pick")


async def _pick(
    items: Iterable[Any] | Awaitable[Iterable[Any]],
    options: dict[str, Any],
    many: bool,
    token: CancellationToken | None,
) -> Any:
    picks = list(await items if isawaitable(items) else items)
    if len(picks) > MOST:
        raise InvalidValue("items", f"may be {MOST} at most, and are {len(picks)}; let the user search first")
    lines = [_line(pick) for pick in picks]
    answer = await ask("window.showQuickPick", {"items": lines, **options}, token)
    if not many:
        return _picked(answer, picks, lines)
    if not isinstance(answer, list):
        return None
    found = (_picked(one, picks, lines) for one in answer)
    return [pick for pick in found if pick is not None]


def _line(pick: str | QuickPickItem) -> dict[str, Any]:
    if isinstance(pick, str):
        return {"label": shown(pick)}
    line = {
        "label": shown(pick.label),
        "kind": None if pick.kind == QuickPickItemKind.DEFAULT else int(pick.kind),
        "description": None if pick.description is None else shown(pick.description),
        "detail": None if pick.detail is None else shown(pick.detail),
        "picked": pick.picked or None,
        "alwaysShow": pick.always_show or None,
    }
    return {key: told for key, told in line.items() if told is not None}


def _picked(answer: object, picks: list[Any], lines: list[dict[str, Any]]) -> Any:
    """The item that a client's answer means: its label, or its place; a separator cannot be picked."""
    for index, line in enumerate(lines):
        means = answer == line["label"] or (type(answer) is int and answer == index)
        if means and line.get("kind") != QuickPickItemKind.SEPARATOR:
            return picks[index]
    return None


def show_input_box(
    *,
    title: str | None = None,
    value: str | None = None,
    value_selection: tuple[int, int] | None = None,
    prompt: str | None = None,
    place_holder: str | None = None,
    password: bool = False,
    ignore_focus_out: bool = False,
    validate_input: Callable[[str], Validation | Awaitable[Validation]] | None = None,
    token: CancellationToken | None = None,
) -> Thenable[str | None]:
    """Let the user type a line; None when it is closed. What `validate_input` finds wrong is asked for once more.

    `value_selection` is from and to in `value`, in UTF-16 units, as the client has it.
    """
    params: dict[str, Any] = {
        "title": title,
        "value": value,
        "valueSelection": value_selection,
        "prompt": prompt,
        "placeHolder": place_holder,
        "password": password or None,
        "ignoreFocusOut": ignore_focus_out or None,
    }
    return thenable(_input(params, validate_input, token), "window.show_input_box")


async def _input(
    params: dict[str, Any],
    validate: Callable[[str], Validation | Awaitable[Validation]] | None,
    token: CancellationToken | None,
) -> str | None:
    while True:
        answer = await ask("window.showInputBox", params, token)
        if not isinstance(answer, str):
            return None
        wrong = await _wrong(answer, validate)
        if wrong is None:
            return answer
        again = None if params.get("password") else answer
        params = params | {"value": again, "valueSelection": None, "validationMessage": shown(wrong)}


async def _wrong(answer: str, validate: Callable[[str], Validation | Awaitable[Validation]] | None) -> str | None:
    found = await called(validate, answer) if validate else None
    if isinstance(found, InputBoxValidationMessage):
        return found.message if found.severity == InputBoxValidationSeverity.ERROR else None
    return found or None


_LIVE: dict[str, Callable[[WindowTerminals], Any]] = {"terminals": tuple, "active_terminal": lambda those: those.active}
"""What is looked up for the current user each time. A constant."""

if not TYPE_CHECKING:  # type checkers see the annotations above, and mistyped names

    def __getattr__(name: str) -> Any:
        if name in _LIVE:
            return _LIVE[name](current_session().get(WindowTerminals))
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
