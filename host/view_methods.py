"""What a client tells of webviews, views, tabs and links that it shows for the user. `methods.py` publishes these."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from host.caller import Caller
from host.contract import Contract
from sessions.errors import RoostError
from shim.surface import Surface
from shim.tabs import Tabs
from shim.uri import Uri
from shim.urihandlers import UriHandlers
from shim.views import Views
from shim.webview import Webview

CONTRACT = Contract()
method = CONTRACT.method

Handle = Annotated[str, StringConstraints(max_length=64)]
ViewId = Annotated[str, StringConstraints(min_length=1, max_length=1_024)]
Link = Annotated[str, StringConstraints(max_length=16_384)]
Column = Annotated[int, Field(ge=1, le=9)]


class Taken(TypedDict):
    taken: bool


# -- webviews


@method("window.webview.postMessage", acts=True)
async def post_message(caller: Caller, handle: Handle, message: Any) -> None:
    """The page of a webview posted a message: its extension gets it."""
    caller.session.get(Surface).find(Webview, handle).received(message)


@method("window.webview.setState")
async def set_state(caller: Caller, handle: Handle, state: Any) -> None:
    """The page of a webview wants this kept; it finds it again when it is loaded anew."""
    caller.session.get(Surface).find(Webview, handle).keep(state)


@method("window.views.show", acts=True)
async def show_view(caller: Caller, view_id: ViewId) -> None:
    """This client shows a view: the extension that has it is activated, and fills it."""
    views = caller.session.get(Views)
    if views.is_new(caller):
        caller.when_gone(lambda: views.leave(caller))
    try:
        await views.show(view_id, caller)
    except RoostError:
        raise
    except Exception as error:  # the edge of an extension: its view is not filled, nothing else
        caller.report(f"view {view_id}", error)
        raise RoostError(f"the view '{view_id}' cannot be shown: {type(error).__name__}: {error}"[:2_000]) from error


@method("window.views.hide")
async def hide_view(caller: Caller, view_id: ViewId) -> None:
    """This client shows a view no more."""
    caller.session.get(Views).hide(view_id, caller)


# -- tabs


@method("window.tabs.activate")
async def activate_tab(caller: Caller, tab: Handle) -> None:
    """The user went to a tab."""
    tabs = caller.session.get(Tabs)
    tabs.show(tabs.find(tab))


@method("window.tabs.close")
async def close_tab(caller: Caller, tab: Handle) -> None:
    """The user closed a tab."""
    tabs = caller.session.get(Tabs)
    tabs.shut(tabs.find(tab))


@method("window.tabs.move")
async def move_tab(
    caller: Caller, tab: Handle, view_column: Column, index: Annotated[int, Field(ge=0)] | None = None
) -> None:
    """The user put a tab into another column, or to another place in its own."""
    tabs = caller.session.get(Tabs)
    tabs.move(tabs.find(tab), view_column, index)


@method("window.tabs.pin")
async def pin_tab(caller: Caller, tab: Handle, pinned: bool = True) -> None:
    """The user pinned a tab, or wants it to be no preview any more; with `pinned` false unpinned it."""
    tabs = caller.session.get(Tabs)
    tabs.pin(tabs.find(tab), pinned)


# -- links


@method("window.openUri", acts=True)
async def open_uri(caller: Caller, uri: Link) -> Taken:
    """The user followed a link `roost://publisher.name/path`: that extension is activated, and takes it or not."""
    target = Uri.parse(uri)
    handlers = caller.session.get(UriHandlers)
    handlers.check(target)
    try:
        return {"taken": await handlers.open(target)}
    except RoostError:
        raise
    except Exception as error:  # the edge of an extension: it does not take the link, nothing else
        caller.report(f"the URI handler of {target.authority}", error)
        raise RoostError(f"'{target.authority}' cannot take the link: {type(error).__name__}"[:2_000]) from error
