"""What a client may ask of its terminals; the output itself goes by binary frames. `methods.py` publishes these."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import AfterValidator, Field, StringConstraints
from typing_extensions import TypedDict

from host.caller import Caller
from host.contract import Contract
from sessions.files import path_of
from sessions.shells import ShellOptions
from sessions.terminal import keys
from sessions.terminals import Terminals

CONTRACT = Contract()
method = CONTRACT.method

Path = Annotated[str, AfterValidator(path_of), Field(description="a `file:` URI, or a path that begins with /")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1_024)]
Id = Annotated[str, StringConstraints(max_length=64)]
Size = Annotated[int, Field(ge=1, le=65_535)]
Text = Annotated[str, StringConstraints(max_length=4 << 20)]
Arguments = Annotated[list[str], Field(max_length=1_000)]
Environment = Annotated[dict[str, str | None], Field(max_length=1_000)]


class Created(TypedDict):
    terminalId: str
    channel: int


class Attached(TypedDict):
    channel: int
    offset: int


class ListedTerminal(TypedDict):
    terminalId: str
    name: str
    processId: int | None
    exitCode: NotRequired[int | None]


@method("window.createTerminal")
async def create_terminal(
    caller: Caller,
    name: Name | None = None,
    cwd: Path | None = None,
    shell_path: str | None = None,
    shell_args: Arguments | None = None,
    env: Environment | None = None,
    columns: Size = 80,
    rows: Size = 24,
) -> Created:
    """Start a shell in the user's sandbox and show it here; null in `env` takes a variable away."""
    options = ShellOptions(shell_path, shell_args or (), cwd, env or {})
    terminal = await caller.session.get(Terminals).open(options, name=name, columns=columns, rows=rows)
    channel, _ = caller.show(terminal, 0)
    return {"terminalId": terminal.id, "channel": channel}


@method("terminal.list")
async def list_terminals(caller: Caller) -> list[ListedTerminal]:
    """The user's terminals, but those that an extension hides; with an `exitCode` where the shell has ended."""
    listed: list[ListedTerminal] = []
    for terminal in caller.session.get(Terminals):
        if terminal.hidden:
            continue
        one: ListedTerminal = {"terminalId": terminal.id, "name": terminal.name, "processId": terminal.process_id}
        if terminal.ended:
            one["exitCode"] = terminal.exit_code
        listed.append(one)
    return listed


@method("terminal.attach")
async def attach(caller: Caller, terminal_id: Id, after: Annotated[int, Field(ge=0)] | None = None) -> Attached:
    """Show a terminal's output here from the offset `after` on, or from as far back as it is kept."""
    channel, offset = caller.show(caller.session.get(Terminals).get(terminal_id), after)
    return {"channel": channel, "offset": offset}


@method("terminal.sendText")
async def send_text(caller: Caller, terminal_id: Id, text: Text, add_new_line: bool = True) -> None:
    """Type a text, and Enter unless told otherwise; answered once the shell has room for it."""
    terminal = caller.session.get(Terminals).get(terminal_id)
    await terminal.send(keys(text + "\n" if add_new_line else text))


@method("terminal.resize")
async def resize(caller: Caller, terminal_id: Id, columns: Size, rows: Size) -> None:
    """Tell a terminal its size in characters."""
    caller.session.get(Terminals).get(terminal_id).resize(columns, rows)


@method("terminal.detach")
async def detach(caller: Caller, terminal_id: Id) -> None:
    """Show a terminal here no more; its shell goes on and waits for nobody."""
    caller.hide(caller.session.get(Terminals).get(terminal_id))


@method("terminal.dispose")
async def dispose(caller: Caller, terminal_id: Id) -> None:
    """Hang up, end the shell with all that it runs, and forget the terminal."""
    await caller.session.get(Terminals).dispose(terminal_id)
