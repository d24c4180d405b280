"""Quick picks and input boxes as objects: what a client shows of them, and what the extension hears back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim import (
    InputBoxValidationMessage,
    InputBoxValidationSeverity,
    QuickInputButtons,
    QuickPickItem,
    QuickPickItemKind,
    ThemeIcon,
)
from shim.picks import MOST
from shim.types import QuickInputButton
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio


async def test_a_quick_pick_goes_through_its_whole_life(ada: SessionContext) -> None:
    screen = Screen(ada)
    heard: list[Any] = []
    one, two = QuickPickItem("one", description="1"), QuickPickItem("two")
    with ada.entered("acme.hello"):
        pick = vscode.window.create_quick_pick()
        pick.title, pick.placeholder, pick.step, pick.total_steps = "Choose", "a number", 1, 2
        pick.items = [one, two]
        pick.on_did_change_value(lambda value: heard.append(("value", value)))
        pick.on_did_change_active(lambda items: heard.append(("active", items)))
        pick.on_did_change_selection(lambda items: heard.append(("selection", items)))
        pick.on_did_accept(lambda _: heard.append("accept"))
        pick.on_did_hide(lambda _: heard.append("hide"))
        await screen.settle()
        assert screen.pieces == {}
        pick.show()
    assert await screen.shows("quickPick") == {
        "extension": "acme.hello",
        "title": "Choose",
        "placeholder": "a number",
        "step": 1,
        "totalSteps": 2,
        "value": "",
        "enabled": True,
        "busy": False,
        "items": [{"id": 0, "label": "one", "description": "1"}, {"id": 1, "label": "two"}],
        "activeItems": [0],
        "selectedItems": [],
    }
    pick.type("tw")
    pick.move([1])
    pick.select([1, 0])
    pick.accept()
    assert pick.value == "tw"
    assert (pick.active_items, pick.selected_items) == ((two,), (two,))
    pick.hide()
    pick.hide()
    assert heard == [
        ("active", [one]), ("value", "tw"), ("active", [two]), ("selection", [two]), "accept", "hide"
    ]  # fmt: skip
    await screen.settle()
    assert screen.pieces == {}


async def test_items_may_change_while_the_user_types_and_old_choices_mean_nothing(ada: SessionContext) -> None:
    screen = Screen(ada)
    heard: list[Any] = []
    with ada.entered():
        pick = vscode.window.create_quick_pick()
        pick.on_did_change_value(lambda value: setattr(pick, "items", [QuickPickItem(f"{value}{n}") for n in "ab"]))
        pick.on_did_change_selection(heard.append)
        pick.items = [QuickPickItem("old")]
        pick.show()
        await screen.settle()
        pick.type("x")
    state = await screen.shows("quickPick")
    assert [item["label"] for item in state["items"]] == ["xa", "xb"]
    pick.select([0])
    assert heard == []
    pick.select([state["items"][0]["id"]])
    assert [item.label for item in heard[0]] == ["xa"]


def recorded(pick: vscode.QuickPick[QuickPickItem], heard: list[str]) -> None:
    """Let `heard` have the names of its events and the labels of their items."""

    def named(items: list[QuickPickItem]) -> str:
        return ",".join(item.label for item in items)

    pick.on_did_change_active(lambda items: heard.append(f"active {named(items)}"))
    pick.on_did_change_selection(lambda items: heard.append(f"selection {named(items)}"))
    pick.on_did_accept(lambda _: heard.append("accept"))
    pick.on_did_hide(lambda _: heard.append("hide"))


async def test_what_an_extension_makes_active_or_selects_is_heard_once_it_is_shown(ada: SessionContext) -> None:
    heard: list[str] = []
    eins, zwei, drei = (QuickPickItem(label) for label in ("eins", "zwei", "drei"))
    with ada.entered():
        pick = vscode.window.create_quick_pick()
        recorded(pick, heard)
        pick.items = [eins, zwei, drei]
        pick.active_items = [zwei]
        await turns()
        assert heard == []
        pick.show()
        assert heard == []
        await turns()
        pick.selected_items = [drei]
        await turns()
        pick.selected_items = [eins]
        await turns()
        assert heard == ["active zwei", "selection drei", "accept", "selection eins", "accept"]
        heard.clear()
        pick.items = [QuickPickItem("Group", kind=QuickPickItemKind.SEPARATOR), QuickPickItem("vier")]
        await turns()
        assert heard == ["active ", "selection ", "active vier"]


async def test_where_several_may_be_chosen_none_is_active_or_accepted_by_itself(ada: SessionContext) -> None:
    heard: list[str] = []
    one, two = QuickPickItem("one"), QuickPickItem("two")
    with ada.entered():
        pick = vscode.window.create_quick_pick()
        recorded(pick, heard)
        pick.can_select_many = True
        pick.items = [one, two]
        pick.selected_items = [two]
        pick.show()
        pick.hide()
        await turns()
        assert heard == ["hide"]
        pick.show()
        await turns()
        pick.dispose()
    assert heard == ["hide", "selection two", "hide"]


async def turns() -> None:
    """Let the loop go round a few times."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_several_are_chosen_where_several_may_be_and_no_separator(ada: SessionContext) -> None:
    line = QuickPickItem("Group", kind=QuickPickItemKind.SEPARATOR)
    one, two = QuickPickItem("one"), QuickPickItem("two")
    with ada.entered():
        pick = vscode.window.create_quick_pick()
        pick.can_select_many = True
        pick.items = [line, one, two]
        pick.show()
        pick.select([2, 0, 1, 77, -1])
        assert pick.selected_items == (two, one)
        pick.selected_items = [two, QuickPickItem("of nobody")]
        assert pick.selected_items == (two,)


async def test_another_one_shown_hides_the_first(ada: SessionContext, ben: SessionContext) -> None:
    heard: list[str] = []
    with ben.entered():
        his = vscode.window.create_input_box()
        his.on_did_hide(lambda _: heard.append("ben's"))
        his.show()
    with ada.entered():
        first, second = vscode.window.create_quick_pick(), vscode.window.create_input_box()
        first.on_did_hide(lambda _: heard.append("first"))
        first.show()
        second.show()
    assert heard == ["first"]


async def test_a_client_tells_nothing_of_one_that_is_hidden_or_disabled(ada: SessionContext) -> None:
    heard: list[Any] = []
    with ada.entered():
        pick = vscode.window.create_quick_pick()
        pick.items = [QuickPickItem("one")]
        for event in (pick.on_did_change_value, pick.on_did_accept, pick.on_did_change_selection):
            event(heard.append)
        pick.type("x")
        pick.accept()
        pick.select([0])
        pick.enabled = False
        pick.show()
        pick.accept()
        pick.select([0])
    assert heard == []


async def test_buttons_are_pressed_by_their_place(ada: SessionContext) -> None:
    heard: list[Any] = []
    gear = QuickInputButton(ThemeIcon("gear"))
    item = QuickPickItem("one")
    item.buttons = [gear]  # type: ignore[attr-defined]
    with ada.entered():
        pick = vscode.window.create_quick_pick()
        pick.buttons, pick.items = [QuickInputButtons.BACK], [item]
        pick.on_did_trigger_button(heard.append)
        pick.on_did_trigger_item_button(lambda event: heard.append((event.button, event.item)))
        screen = Screen(ada)
        pick.show()
        state = await screen.shows("quickPick")
        assert state["buttons"] == [{"iconPath": {"id": "arrow-left"}}]
        assert state["items"][0]["buttons"] == [{"iconPath": {"id": "gear"}}]
        for index in (0, 5):
            pick.press(index)
            pick.press_on(0, index)
            pick.press_on(9, index)
    assert heard == [QuickInputButtons.BACK, (gear, item)]


async def test_an_input_box_is_not_accepted_while_something_is_wrong(ada: SessionContext) -> None:
    heard: list[str] = []
    screen = Screen(ada)
    with ada.entered():
        box = vscode.window.create_input_box()
        box.prompt, box.value, box.value_selection = "How many?", "many", (0, 4)
        box.on_did_accept(lambda _: heard.append(box.value))
        box.validation_message = "must be a number"
        box.show()
        state = await screen.shows("inputBox")
        assert (state["value"], state["valueSelection"]) == ("many", [0, 4])
        assert state["validationMessage"] == "must be a number"
        box.accept()
        box.validation_message = InputBoxValidationMessage("rather much", InputBoxValidationSeverity.WARNING)
        box.accept()
        box.validation_message = None
        box.type("3")
        box.accept()
    assert heard == ["many", "3"]


async def test_a_password_is_not_shown_on_other_screens(ada: SessionContext) -> None:
    screen = Screen(ada)
    with ada.entered():
        box = vscode.window.create_input_box()
        box.password = True
        box.show()
        box.type("hunter2")
        assert box.value == "hunter2"
    await screen.settle()
    assert "hunter2" not in str(screen.events)


async def test_a_disposed_one_cannot_be_shown(ada: SessionContext) -> None:
    with ada.entered():
        box = vscode.window.create_input_box()
        box.dispose()
        with pytest.raises(InvalidValue, match="create another one"):
            box.show()


async def test_too_many_items_are_refused(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="10000 at most"):
        vscode.window.create_quick_pick().items = [QuickPickItem("x")] * (MOST + 1)
