"""What a client tells of the window that it shows for the user, and asks of it. `methods.py` publishes these."""

from __future__ import annotations

from typing import Annotated, Any

from orjson import Fragment
from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from host.caller import Caller
from host.contract import Contract
from host.document_methods import Resource, resource
from shim.appearance import Appearance, WindowState
from shim.clipboard import Clip
from shim.enums import ColorThemeKind, LogLevel
from shim.env import Environment
from shim.outputs import LogOutputChannel, OutputChannel
from shim.progress import Progress
from shim.quickinput import QuickInput
from shim.quickpick import QuickPick
from shim.statusbar import StatusBarItem
from shim.surface import Surface

CONTRACT = Contract()
method = CONTRACT.method

Handle = Annotated[str, StringConstraints(max_length=64)]
Line = Annotated[str, StringConstraints(max_length=1 << 20)]
Ids = Annotated[list[int], Field(max_length=10_000)]
Level = Annotated[int, Field(ge=0, le=5)]
Index = Annotated[int, Field(ge=0)]


class Piece(TypedDict):
    kind: str
    handle: str
    state: dict[str, Any]


class Everything(TypedDict):
    seq: int
    pieces: list[Piece]


class Channel(TypedDict):
    handle: str
    name: str
    begin: int
    end: int


Mark = dict[str, str] | None
Files = Annotated[list[Resource], Field(max_length=500)]


class Read(TypedDict):
    text: str
    begin: int
    end: int


@method("window.surface")
async def surface(caller: Caller) -> Everything:
    """All that the user's extensions show now, for a client that comes later than they began.

    `window.onDidChangeSurface` events with a number above `seq` go on from here: `state` is the whole of a piece, null
    once it is gone, `changes` are the attributes that are other than before. Ask after `session.open`.
    """
    pieces: Any = [
        {
            "kind": piece.kind,
            "handle": piece.handle,
            "state": {name: Fragment(bytes(one)) for name, one in told.items()},
        }
        for piece, told in caller.session.get(Surface).snapshot()
    ]
    return {"seq": caller.session.mailbox.seq, "pieces": pieces}


@method("window.clickStatusBarItem", acts=True)
async def click_status_bar_item(caller: Caller, handle: Handle) -> None:
    """Run the command of a status bar item."""
    await caller.session.get(Surface).find(StatusBarItem, handle).run()


@method("window.cancelProgress")
async def cancel_progress(caller: Caller, handle: Handle) -> None:
    """Ask a work that is `cancellable` to stop."""
    caller.session.get(Surface).find(Progress, handle).cancel()


# -- how the window is


@method("window.changeState")
async def change_state(caller: Caller, focused: bool, active: bool | None = None) -> None:
    """This client's window came into focus or lost it; it counts until the client goes."""
    state = WindowState(focused, focused if active is None else active)
    appearance = caller.session.get(Appearance)
    if appearance.tell(caller, state):
        caller.when_gone(lambda: appearance.leave(caller))


@method("window.changeColorTheme")
async def change_color_theme(caller: Caller, kind: Annotated[int, Field(ge=1, le=4)]) -> None:
    """The user sees other colours: 1 light, 2 dark, 3 high contrast, 4 high contrast light."""
    caller.session.get(Appearance).color(ColorThemeKind(kind))


@method("env.clipboard.readText")
async def read_clipboard(caller: Caller) -> str:
    """What was put into the user's clipboard here."""
    return caller.session.get(Clip).text


@method("env.clipboard.writeText")
async def write_clipboard(caller: Caller, value: Line) -> None:
    """Put a text into the user's clipboard here, where extensions read it."""
    caller.session.get(Clip).write(value, tell=False)


@method("env.setLogLevel")
async def set_default_log_level(caller: Caller, level: Level) -> None:
    """What the user wants logged: 0 off, 1 trace, 2 debug, 3 info, 4 warning, 5 error."""
    caller.session.get(Environment).set_level(LogLevel(level))


# -- output channels


@method("window.output.list")
async def list_outputs(caller: Caller) -> list[Channel]:
    """The user's output channels: from which offset to which each one's text is kept, in characters."""
    channels = caller.session.get(Surface).all(OutputChannel)
    return [{"handle": one.handle, "name": one.name, "begin": one.begin, "end": one.end} for one in channels]


@method("window.output.read")
async def read_output(caller: Caller, handle: Handle, after: Index = 0) -> Read:
    """What came into a channel after an offset; `begin` is greater than that where older text is not kept any more."""
    output = caller.session.get(Surface).find(OutputChannel, handle).read(after)
    return {"text": output.text, "begin": output.begin, "end": output.end}


@method("window.output.clear")
async def clear_output(caller: Caller, handle: Handle) -> None:
    """Forget what is in a channel."""
    caller.session.get(Surface).find(OutputChannel, handle).clear()


@method("window.output.setLogLevel")
async def set_log_level(caller: Caller, handle: Handle, level: Level) -> None:
    """Let a channel of log lines keep those of this level (0 off, 1 trace, 2 debug, 3 info, 4 warning, 5 error)."""
    caller.session.get(Surface).find(LogOutputChannel, handle).set_log_level(LogLevel(level))


# -- quick picks and input boxes


@method("window.quickInput.changeValue")
async def change_value(caller: Caller, handle: Handle, value: Line) -> None:
    """The user has typed so far."""
    caller.session.get(Surface).find(QuickInput, handle).type(value)


@method("window.quickInput.changeActive")
async def change_active(caller: Caller, handle: Handle, items: Ids) -> None:
    """The cursor is at these items of a quick pick, by their ids."""
    caller.session.get(Surface).find(QuickPick, handle).move(items)


@method("window.quickInput.changeSelection")
async def change_selection(caller: Caller, handle: Handle, items: Ids) -> None:
    """The user has chosen these items of a quick pick, by their ids."""
    caller.session.get(Surface).find(QuickPick, handle).select(items)


@method("window.quickInput.accept")
async def accept(caller: Caller, handle: Handle) -> None:
    """The user is content with what is typed or chosen."""
    caller.session.get(Surface).find(QuickInput, handle).accept()


@method("window.quickInput.triggerButton")
async def trigger_button(caller: Caller, handle: Handle, button: Index, item: int | None = None) -> None:
    """The user pressed a button by its place, of the whole or of the item with that id."""
    found = caller.session.get(Surface).find(QuickInput, handle)
    if item is None:
        found.press(button)
    elif isinstance(found, QuickPick):
        found.press_on(item, button)


@method("window.quickInput.hide")
async def hide_quick_input(caller: Caller, handle: Handle) -> None:
    """The user closed it."""
    caller.session.get(Surface).find(QuickInput, handle).hide()


@method("window.provideFileDecorations", gated=True)
async def provide_file_decorations(caller: Caller, uris: Files) -> list[Mark]:
    """How extensions mark each of these files: a letter, words, the name of a colour; null where they say nothing.

    `window.onDidChangeFileDecorations` tells of `{uris}` that may be marked otherwise now, null: it may be any.
    """
    from shim.file_decorations import FileDecorations, told

    session = caller.session
    marks = await session.get(FileDecorations).of([resource(session, uri) for uri in uris])
    return [told(mark) for mark in marks]
