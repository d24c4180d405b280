"""`vscode.window`'s questions: one of several items, or a line to type, from whichever client answers first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from inspect import isawaitable
from typing import Any, Literal, TypeVar, overload

from sessions.errors import InvalidValue
from shim.cancellation import CancellationToken
from shim.enums import InputBoxValidationSeverity, QuickPickItemKind
from shim.questions import ask, shown
from shim.thenable import Thenable, called, thenable
from shim.turns import in_turns
from shim.values import Value, value

MOST = 10_000
"""Items of one quick pick."""


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


Pick = TypeVar("Pick", str, QuickPickItem)
Validation = str | InputBoxValidationMessage | None


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
    lines = [_line(pick) async for pick in in_turns(picks)]
    answer = await ask("window.showQuickPick", {"items": lines, **options}, token)
    if many and not isinstance(answer, list):
        return None
    means = _meant(lines)
    found = [picks[place] for one in (answer if many else [answer]) if (place := means(one)) is not None]
    return found if many else next(iter(found), None)


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


def _meant(lines: list[dict[str, Any]]) -> Callable[[object], int | None]:
    """What place a client's answer means: that of its label, or itself; a separator cannot be picked."""
    places: dict[str, int] = {}
    for place, line in enumerate(lines):
        if line.get("kind") != QuickPickItemKind.SEPARATOR:
            places.setdefault(line["label"], place)

    def means(answer: object) -> int | None:
        if isinstance(answer, str):
            return places.get(answer)
        if not isinstance(answer, int) or isinstance(answer, bool) or not 0 <= answer < len(lines):
            return None
        return None if lines[answer].get("kind") == QuickPickItemKind.SEPARATOR else answer

    return means


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
