"""What a client asks and tells of tree views that it shows for the user. `methods.py` publishes these."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

from pydantic import Field, StringConstraints

from host.caller import Caller
from host.contract import Contract
from sessions.errors import RoostError
from shim.surface import Surface
from shim.trees import TreeView

CONTRACT = Contract()
method = CONTRACT.method

T = TypeVar("T")
Handle = Annotated[str, StringConstraints(max_length=64)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=1_024)]
Handles = Annotated[list[Handle], Field(max_length=5_000)]


def _view(caller: Caller, handle: str) -> TreeView[Any]:
    return caller.session.get(Surface).find(TreeView, handle)


async def _answer(caller: Caller, view: TreeView[Any], work: Awaitable[T]) -> T:
    """What an extension answers for its view; what it raises is told in a sentence."""
    try:
        return await work
    except RoostError:
        raise
    except Exception as error:  # the edge of an extension: its view cannot be shown, nothing else
        caller.report(f"view {view.view_id}", error)
        raise RoostError(f"the view '{view.view_id}' failed: {type(error).__name__}: {error}"[:2_000]) from error


@method("window.tree.children", gated=True)
async def children(caller: Caller, handle: Handle, item: Handle | None = None) -> list[dict[str, Any]]:
    """What is below an element of a tree view, or at its top: VS Code's TreeItem of each, with its handle."""
    view = _view(caller, handle)
    return await _answer(caller, view, view.children(item))


@method("window.tree.resolve")
async def resolve(caller: Caller, handle: Handle, item: Handle) -> dict[str, Any]:
    """An element with what is filled in only when it is looked at, such as its tooltip."""
    view = _view(caller, handle)
    return await _answer(caller, view, view.resolve(item))


@method("window.tree.run", acts=True)
async def run(caller: Caller, handle: Handle, item: Handle, command: Id | None = None) -> None:
    """The user chose an element: its own command runs, or with the element one that its menu has."""
    view = _view(caller, handle)
    await _answer(caller, view, view.run(item, command))


@method("window.tree.expand")
async def expand(caller: Caller, handle: Handle, item: Handle, expanded: bool = True) -> None:
    """The user opened an element, or closed it."""
    _view(caller, handle).expand(item, expanded)


@method("window.tree.select")
async def select(caller: Caller, handle: Handle, items: Handles) -> None:
    """The user selected these elements, the one at the cursor first."""
    _view(caller, handle).select(items)


@method("window.tree.check")
async def check(caller: Caller, handle: Handle, item: Handle, checked: bool) -> list[dict[str, Any]]:
    """The user checked or unchecked an element; answers with all elements that changed with it."""
    return await _view(caller, handle).check(item, checked)


@method("window.tree.drop", acts=True)
async def drop(caller: Caller, handle: Handle, items: Handles, target: Handle | None = None) -> None:
    """The user dragged elements to another element, or below all of them."""
    view = _view(caller, handle)
    await _answer(caller, view, view.drop(items, target))
