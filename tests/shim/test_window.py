"""window: what a user is asked on the wire, and what the extension gets for the answer."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim import (
    CancellationTokenSource,
    InputBoxValidationMessage,
    InputBoxValidationSeverity,
    MessageItem,
    QuickPickItem,
    QuickPickItemKind,
)
from shim.picks import MOST
from shim.questions import LONGEST
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

Ask = Callable[[], Awaitable[Any]]


async def answered(session: SessionContext, ask: Ask, *answers: object) -> tuple[Any, list[dict[str, Any]]]:
    """What the extension gets where a client gives these answers in order, and the parameters it was asked with."""
    with session.entered("acme.hello"):
        asked = ask()
    params = []
    for answer in answers:
        await eventually(lambda: session.requests.waiting)
        (request,) = session.requests.waiting
        params.append({"method": request.method, **request.params})
        session.requests.answer(request.id, answer, None)
        await eventually(lambda: request not in session.requests.waiting)  # noqa: B023  it is called in this round
    return await asked, params


@pytest.mark.parametrize(
    ("show", "severity"),
    [
        (vscode.window.show_information_message, "info"),
        (vscode.window.show_warning_message, "warning"),
        (vscode.window.show_error_message, "error"),
    ],
)
async def test_a_message_is_shown_with_its_severity_and_buttons(
    ada: SessionContext, show: Callable[..., Awaitable[Any]], severity: str
) -> None:
    chosen, params = await answered(ada, lambda: show("Save?", "Yes", "No", modal=True, detail="It is new."), "No")
    assert chosen == "No"
    assert params == [
        {
            "method": "window.showMessage",
            "severity": severity,
            "message": "Save?",
            "items": ["Yes", "No"],
            "modal": True,
            "detail": "It is new.",
        }
    ]


async def test_a_plain_message_says_no_more_than_it_must(ada: SessionContext) -> None:
    chosen, params = await answered(ada, lambda: vscode.window.show_information_message("Done"), None)
    assert chosen is None
    assert params == [{"method": "window.showMessage", "severity": "info", "message": "Done", "items": []}]


async def test_the_very_item_comes_back(ada: SessionContext) -> None:
    yes, no = MessageItem("Yes"), MessageItem("No", is_close_affordance=True)
    chosen, params = await answered(ada, lambda: vscode.window.show_warning_message("Sure?", yes, no), "Yes")
    assert chosen is yes
    assert params[0]["items"] == ["Yes", "No"]


@pytest.mark.parametrize(("modal", "chosen"), [(True, "No"), (False, None)])
async def test_closing_a_modal_message_is_its_close_affordance(
    ada: SessionContext, modal: bool, chosen: str | None
) -> None:
    yes, no = MessageItem("Yes"), MessageItem("No", is_close_affordance=True)
    show = vscode.window.show_warning_message
    result, _ = await answered(ada, lambda: show("Sure?", yes, no, modal=modal), None)
    assert (result.title if result else None) == chosen


@pytest.mark.parametrize("answer", [None, "Maybe", 0, ["Yes"], {"title": "Yes"}, True])
async def test_an_answer_that_was_not_offered_is_a_closed_message(ada: SessionContext, answer: object) -> None:
    chosen, _ = await answered(ada, lambda: vscode.window.show_information_message("Sure?", "Yes"), answer)
    assert chosen is None


async def test_a_client_that_refuses_has_closed_the_message(ada: SessionContext) -> None:
    with ada.entered():
        asked = vscode.window.show_information_message("Sure?", "Yes")
    await eventually(lambda: ada.requests.waiting)
    ada.requests.answer(ada.requests.waiting[0].id, None, {"code": -32601, "message": "no such method"})
    assert await asked is None


async def test_a_message_reaches_its_own_user_only(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered():
        asked = vscode.window.show_information_message("for ada", "ok")
    await eventually(lambda: ada.requests.waiting)
    assert ben.requests.waiting == []
    assert not ben.requests.answer(ada.requests.waiting[0].id, "ok", None)
    ada.requests.answer(ada.requests.waiting[0].id, "ok", None)
    assert await asked == "ok"


async def test_a_text_too_long_to_read_is_cut(ada: SessionContext) -> None:
    _, params = await answered(ada, lambda: vscode.window.show_error_message("x" * 1_000_000, "y" * 50_000), None)
    assert len(params[0]["message"]) == len(params[0]["items"][0]) == LONGEST
    assert params[0]["message"].endswith("…")


async def test_cancelling_what_a_question_gave_withdraws_it(ada: SessionContext) -> None:
    with ada.entered():
        asked = vscode.window.show_information_message("Sure?", "Yes")
    await eventually(lambda: ada.requests.waiting)
    asked.cancel()
    await eventually(lambda: not ada.requests.waiting)


PICKS = ["one", "two", "three"]


async def test_who_picks_all_of_ten_thousand_keeps_nobody_waiting(ada: SessionContext) -> None:
    items = [f"file {number}" for number in range(MOST)]
    began = time.process_time()
    picked, _ = await answered(ada, lambda: vscode.window.show_quick_pick(items, can_pick_many=True), items[::-1])
    assert time.process_time() - began < 2  # looked for one by one they took ten times as long
    assert picked == items[::-1]


@pytest.mark.parametrize(
    ("answer", "picked"),
    [("two", "two"), (1, "two"), (None, None), ("four", None), (7, None), (-1, None), (False, None), (["two"], None)],
)
async def test_a_quick_pick_gives_the_item_of_a_label_or_a_place(
    ada: SessionContext, answer: object, picked: str | None
) -> None:
    result, params = await answered(ada, lambda: vscode.window.show_quick_pick(PICKS, place_holder="Which?"), answer)
    assert result == picked
    assert params == [
        {
            "method": "window.showQuickPick",
            "items": [{"label": "one"}, {"label": "two"}, {"label": "three"}],
            "placeHolder": "Which?",
        }
    ]


@pytest.mark.parametrize(
    ("answer", "picked"),
    [(["three", 0], ["three", "one"]), ([], []), (None, None), ("one", None), (["four", 9], [])],
)
async def test_several_can_be_picked(ada: SessionContext, answer: object, picked: list[str] | None) -> None:
    result, params = await answered(ada, lambda: vscode.window.show_quick_pick(PICKS, can_pick_many=True), answer)
    assert result == picked
    assert params[0]["canPickMany"] is True


async def test_a_pick_has_the_words_of_vs_code_on_the_wire(ada: SessionContext) -> None:
    line = QuickPickItem("Group", kind=QuickPickItemKind.SEPARATOR)
    pick = QuickPickItem("One", description="first", detail="the first", picked=True, always_show=True)
    result, params = await answered(
        ada,
        lambda: vscode.window.show_quick_pick(
            [line, pick], title="T", match_on_description=True, match_on_detail=True, ignore_focus_out=True
        ),
        "One",
    )
    assert result is pick
    assert params == [
        {
            "method": "window.showQuickPick",
            "title": "T",
            "matchOnDescription": True,
            "matchOnDetail": True,
            "ignoreFocusOut": True,
            "items": [
                {"label": "Group", "kind": -1},
                {"label": "One", "description": "first", "detail": "the first", "picked": True, "alwaysShow": True},
            ],
        }
    ]


async def test_a_separator_cannot_be_picked(ada: SessionContext) -> None:
    line = QuickPickItem("Group", kind=QuickPickItemKind.SEPARATOR)
    result, _ = await answered(ada, lambda: vscode.window.show_quick_pick([line, QuickPickItem("One")]), 0)
    assert result is None


async def test_items_may_come_later(ada: SessionContext) -> None:
    async def fetch() -> list[str]:
        return ["late"]

    result, _ = await answered(ada, lambda: vscode.window.show_quick_pick(fetch()), "late")
    assert result == "late"


async def test_too_many_items_are_refused(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="items: may be 10000 at most"):
        await vscode.window.show_quick_pick(["x"] * (MOST + 1))


async def test_an_input_box_asks_with_its_options(ada: SessionContext) -> None:
    result, params = await answered(
        ada,
        lambda: vscode.window.show_input_box(
            title="T",
            value="v",
            value_selection=(0, 1),
            prompt="p",
            place_holder="h",
            password=True,
            ignore_focus_out=True,
        ),
        "typed",
    )
    assert result == "typed"
    assert params == [
        {
            "method": "window.showInputBox",
            "title": "T",
            "value": "v",
            "valueSelection": (0, 1),
            "prompt": "p",
            "placeHolder": "h",
            "password": True,
            "ignoreFocusOut": True,
        }
    ]


@pytest.mark.parametrize(("answer", "typed"), [("", ""), (None, None), (7, None)])
async def test_an_empty_line_is_an_answer_and_a_closed_box_is_none(
    ada: SessionContext, answer: object, typed: str | None
) -> None:
    assert (await answered(ada, vscode.window.show_input_box, answer))[0] == typed


async def test_what_is_invalid_is_asked_for_once_more(ada: SessionContext) -> None:
    def check(text: str) -> str | None:
        return None if text.isdigit() else "must be a number"

    result, params = await answered(
        ada, lambda: vscode.window.show_input_box(prompt="How many?", validate_input=check), "many", "3"
    )
    assert result == "3"
    assert params[1] == {
        "method": "window.showInputBox",
        "prompt": "How many?",
        "value": "many",
        "validationMessage": "must be a number",
    }


async def test_a_password_is_never_sent_back(ada: SessionContext) -> None:
    async def check(text: str) -> InputBoxValidationMessage | None:
        return InputBoxValidationMessage("too short") if len(text) < 8 else None

    _, params = await answered(
        ada, lambda: vscode.window.show_input_box(password=True, validate_input=check), "geheim", "geheimnis"
    )
    assert "geheim" not in str(params[1])
    assert params[1]["validationMessage"] == "too short"


async def test_a_warning_lets_the_input_pass(ada: SessionContext) -> None:
    warning = InputBoxValidationMessage("unusual", InputBoxValidationSeverity.WARNING)
    result, _ = await answered(ada, lambda: vscode.window.show_input_box(validate_input=lambda text: warning), "x")
    assert result == "x"


async def test_a_cancelled_token_withdraws_the_question(ada: SessionContext) -> None:
    for show in (vscode.window.show_input_box, lambda token: vscode.window.show_quick_pick(PICKS, token=token)):
        source = CancellationTokenSource()
        with ada.entered():
            asked = show(token=source.token)
        await eventually(lambda: ada.requests.waiting)
        source.cancel()
        assert await asked is None
        assert ada.requests.waiting == []


async def test_a_token_that_is_cancelled_already_asks_nothing(ada: SessionContext) -> None:
    source = CancellationTokenSource()
    source.cancel()
    with ada.entered():
        assert await vscode.window.show_input_box(token=source.token) is None
    assert ada.requests.waiting == []
