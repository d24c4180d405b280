"""The command `roost`, also `python -m host`: read the settings, serve until told to stop. No logic is here."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from host.cli import asking, attach
from host.cli.demo import greet, offer, prepare
from host.cli.places import PLACE
from host.version import installed_version

if TYPE_CHECKING:
    import uvicorn

    from host.app import Host
    from host.config import Config

THREADS = 32
"""Threads for files; one user holds at most four of them."""

STOP_S = 9.0
"""How long a stop may take, in seconds, before the process ends whatever still runs."""

HALF_CLOSED_S = 10.0
"""A socket that is closing but whose client takes nothing is cut after this many seconds."""


@click.group()
@click.version_option(installed_version(), prog_name="roost")
def cli() -> None:
    """Roost: one process in which many people code at once."""


@cli.command(
    short_help="Serve until stopped; the same as `roost` alone.",
    epilog="\b\nExamples:\n  roost serve                            # this folder, for you alone\n"
    "  roost serve --workspace ~/src/shop --port 3100\n  MULTI_USER=1 roost serve --config roost.yaml",
)
@click.option("--host", help="Address to listen on (server.host).  [127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one (server.port).  [3000]"
)
@click.option("--data", type=PLACE, help="Folder of everything persistent (data).")
@click.option("--workspace", type=PLACE, help="Single-user mode: the folder to work in.  [.]")
@click.option("--config", type=PLACE, help="YAML file with settings.")
@click.option("--multi-user", is_flag=True, default=None, help="Serve many users (MULTI_USER=1).")
def serve(config: Path | None, **flags: Any) -> None:
    """Serve until SIGTERM or SIGINT."""
    from host.process import begin_uncached

    begin_uncached()  # before all that takes time to import
    from host.config import load

    settings = load({name: value for name, value in flags.items() if value is not None}, os.environ, config)
    line = offer(settings)

    def welcome(base: str) -> None:
        click.echo(f"listening on {base}")
        if line is not None:
            click.echo(line, err=True)

    sys.exit(_run(settings, welcome))


@cli.command(
    short_help="See a failing test mended: no key, no network.",
    epilog="\b\nExamples:\n  roost demo\n  roost demo --port 8080\n  roost demo --fresh        # start over",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port to listen on.  [a free one]")
@click.option("--data", type=PLACE, help="A folder for the demo.  [roost-demo beside the host's]")
@click.option("--fresh", is_flag=True, help="Start over: remove what an earlier demo left.")
def demo(port: int, data: Path | None, fresh: bool) -> None:
    """Show the whole loop on a small shop with a failing test: no key, no network. The model is scripted."""
    from host.process import begin_uncached

    begin_uncached()
    prepared = prepare(data, port, fresh)
    sys.exit(_run(prepared.config, lambda base: greet(prepared, base)))


@cli.command(
    short_help="Let the agent do one task in this folder.",
    epilog='\b\nExamples:\n  roost task "fix the failing test"\n  roost task --mode ask "what does this project do?"\n'
    '  roost task --yes all --json "update the changelog" | jq .status\n  make 2>&1 | roost task --mode ask -',
)
@click.argument("message")
@click.option("--mode", help="The mode to work in: code, architect, ask, debug, ...  [code]")
@click.option("--model", help="The model to ask, by its id.  [the first there is]")
@click.option(
    "--yes", type=click.Choice(["edits", "all"]), help="Do without asking: write files, or run commands, too."
)
@click.option("--json", "as_json", is_flag=True, help="Print the events, one JSON object a line; ask nothing.")
@click.option("--workspace", type=PLACE, help="The folder to work in.  [.]")
@click.option("--config", type=PLACE, help="YAML file with settings.")
def task(message: str, config: Path | None, workspace: Path | None, **wish: Any) -> None:
    """Let the agent do one task in this folder: exits with 0 if it is done, 1 if not, 3 if somebody must be asked.

    MESSAGE says what is to be done; `-` takes it from the standard input.
    """
    from host.cli.task import Wish, perform
    from host.config import load

    if message == "-":
        message = sys.stdin.buffer.read().decode("utf-8", "replace")
    if not message.strip():
        raise click.UsageError("MESSAGE: it is empty; say what is to be done")
    given = {"multi_user": False, "workspace": workspace}
    loaded = load({name: value for name, value in given.items() if value is not None}, os.environ, config)
    raise SystemExit(perform(loaded, Wish(message, **wish)))


@cli.command(
    short_help="Say what this machine has and lacks for a host.",
    epilog="\b\nExamples:\n  roost doctor\n  roost doctor --multi-user --config roost.yaml\n"
    "  roost doctor --json | jq .isolation.level",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option("--host", help="Address that the host is to listen on (server.host).  [127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port that it is to listen on (server.port).  [3000]")
@click.option("--data", type=PLACE, help="Folder of everything persistent (data).")
@click.option("--config", type=PLACE, help="YAML file with settings.")
@click.option("--multi-user", is_flag=True, default=None, help="As a host that serves many users (MULTI_USER=1).")
def doctor(as_json: bool, config: Path | None, **flags: Any) -> None:
    """Say what this machine has for a host, what it lacks, and what that costs; exits with 1 if none can serve."""
    from host import doctor
    from host.config import ConfigError, load

    logging.getLogger("roost").addHandler(logging.NullHandler())  # it is all in the report
    try:
        settings = load({name: value for name, value in flags.items() if value is not None}, os.environ, config)
    except ConfigError as error:
        report = doctor.refused(error.lines)
    else:
        report = doctor.examine(settings, os.environ)
    if as_json:
        import json

        click.echo(json.dumps(report.to_json(), indent=2))
    else:
        _show(doctor.text(report))
    sys.exit(0 if report.ok else 1)


@cli.command(
    short_help="Copy the state of users while the host runs.",
    epilog="\b\nExamples:\n  roost backup\n  roost backup ada grace --to /backups\n  roost backup --config roost.yaml",
)
@click.argument("uids", nargs=-1)
@click.option("--data", type=PLACE, help="Folder of everything persistent (data).")
@click.option("--config", type=PLACE, help="YAML file with settings.")
@click.option("--to", type=PLACE, help="A folder for the copies, instead of each user's own.")
def backup(uids: tuple[str, ...], config: Path | None, to: Path | None, **flags: Any) -> None:
    """Copy the state of UIDS (of all users and the host's books, if none is named) while the host runs or not."""
    from host import keeping
    from host.config import load
    from host.folder import was_used

    settings = load({"multi_user": True, **flags}, os.environ, config)
    failed, seen = False, set[str]()
    for uid, made in keeping.back_up_all(settings.data, uids, settings.backups.keep, to):
        seen.add(uid)
        if isinstance(made, Path):
            click.echo(f"{uid}: {made}")
        else:
            failed = True
            click.echo(f"{uid}: {keeping.why_not(made)}", err=True)
    missing = [f"{uid}: has no state" for uid in uids if uid not in seen]
    if not seen and not was_used(settings.data):
        missing = ["no host has ever run"]
    for one in missing:
        failed = True
        click.echo(f"{one} in {settings.data}; name the host's folder with --data or --config", err=True)
    if not seen and not missing:
        click.echo(f"nobody has stored anything in {settings.data} yet", err=True)
    sys.exit(1 if failed else 0)


@cli.command(
    short_help="Put a backup of a user in its place.",
    epilog="\b\nExamples:\n  roost restore ada --list\n  roost restore ada\n"
    "  roost restore ada --from /backups/users/ada/state-20261101T120000000000Z.db\n  roost restore --books",
)
@click.argument("uid", required=False)
@click.option("--books", is_flag=True, help="The host's own books (costs, limits) instead of a user's state.")
@click.option("--from", "wanted", help="A backup's file, or its name in the user's folder.  [the newest]")
@click.option("--list", "listing", is_flag=True, help="Only say which backups there are.")
@click.option("--data", type=PLACE, help="Folder of everything persistent (data).")
@click.option("--config", type=PLACE, help="YAML file with settings.")
def restore(uid: str | None, books: bool, wanted: str | None, listing: bool, config: Path | None, **flags: Any) -> None:
    """Put a backup of UID's state in its place; the host must be stopped. What was there is kept beside it."""
    from host import keeping
    from host.config import load
    from host.folder import holding
    from sessions.backups import backups_of

    if (uid is None) != books:
        raise click.UsageError("UID: name whose state it is, or give --books for the host's own; not both.")
    settings = load({"multi_user": True, **flags}, os.environ, config)
    state, name = keeping.state_of(settings.data, uid), uid or keeping.BOOKS
    found = backups_of(state)
    if not found and (listing or wanted is None):
        way_out = "`roost backup` makes one; is it the host's folder (--data, --config)?"
        raise click.ClickException(f"{name}: there is no backup in {state.parent}: {way_out}")
    if listing:
        click.echo("\n".join(one.name for one in found))
        return
    chosen = keeping.choose(state, wanted)
    if chosen is None:
        again = "roost restore " + (uid or "--books")
        raise click.ClickException(f"{name}: there is no backup {wanted!r}: `{again} --list` says which there are.")
    with holding(settings.data):
        kept = keeping.put_back(state, chosen)
    click.echo(f"{name}: {chosen.name} is in place" + (f"; what was there is {kept}" if kept else ""))


for command in (asking.token, asking.sessions, asking.usage, attach.attach, asking.completion):
    cli.add_command(command)


def _show(lines: Iterable[tuple[str, str]]) -> None:
    """Print lines of (style, text), in colour where somebody looks."""
    if not sys.stdout.isatty():
        for _, line in lines:
            click.echo(line)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for style, line in lines:
        console.print(Text(line, style=style))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; what is wrong with it or with the settings is told in one line each, and exits with 2."""
    from sessions.errors import RoostError

    given = list(sys.argv[1:] if arguments is None else arguments)
    if "_ROOST_COMPLETE" in os.environ:
        cli.main(given, prog_name="roost", complete_var="_ROOST_COMPLETE")
    if not given or (given[0].startswith("-") and given[0] not in ("--help", "--version")):
        given.insert(0, "serve")
    try:
        cli.main(given, prog_name="roost", standalone_mode=False)
    except click.ClickException as error:
        _refuse(_wrong_line(error) if isinstance(error, click.UsageError) and error.ctx else error.format_message())
    except RoostError as error:
        _refuse(str(error))
    except PermissionError as error:
        _refuse(f"{error.filename}: permission denied; run it as the user whose it is, or name another place")
    except click.Abort:
        sys.exit(130)


def _wrong_line(error: click.UsageError) -> str:
    """What click says of a wrong line, as sentences of one line, and where to read on."""
    text = " ".join(error.format_message().split()).replace("a valid integer range", "a whole number")
    text = re.sub(r"\. \((Did you mean .*\?)\)$", r". \1", text)
    end = "" if text.endswith(("?", ".")) else "."
    return f"{text}{end} See `{error.ctx.command_path if error.ctx else 'roost'} --help`."


def _refuse(text: str) -> None:
    for line in text.splitlines():
        click.echo(f"roost: {line}", err=True)
    sys.exit(2)


def _run(config: Config, welcome: Callable[[str], None]) -> int:
    """Serve; `welcome` is called with the address once users can be taken."""
    if sys.platform == "win32":
        _refuse("Windows has no PTYs and no kernel sandbox as Roost needs them; run it in WSL 2")
    import uvloop

    from host import logs
    from host.app import Host
    from host.ownkey import guarded
    from host.process import tune

    config, token = guarded(config)
    undo = logs.configure(config.logging, config.secrets)
    logging.getLogger("uvicorn").setLevel("WARNING")  # it writes two lines a connection
    try:
        tune()
        listener = _listen(config)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            if token is not None:
                click.echo(f"this host is open to others, so it wants a token, good for 30 days:\n{token}", err=True)
            return runner.run(_serve(Host(config), listener, welcome))
    finally:
        undo()


def _listen(config: Config) -> socket.socket:
    from host.config import ConfigError

    host, port = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = (error.strerror or "cannot be used").lower()
        raise ConfigError(f"server.port: {host}:{port} {reason}; choose another with --host and --port") from None
    return listener


async def _serve(host: Host, listener: socket.socket, welcome: Callable[[str], None]) -> int:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS, "roost"))
    server = _server(host, listener, welcome)
    stop = asyncio.Event()
    with _signals(loop, stop):
        async with host, asyncio.TaskGroup() as group:
            serving = group.create_task(server.serve(sockets=[listener]), name="serve")
            serving.add_done_callback(lambda _: stop.set())
            await stop.wait()
            loop.call_later(STOP_S, _leave_the_rest)
            await host.drain()
            server.should_exit = True
    return 0


def _leave_the_rest() -> None:
    """Something does not end. All that was acknowledged is on the disk, so the process may."""
    logging.getLogger("roost.host").error("not everything ended within %g s; the process ends without it", STOP_S)
    for handler in logging.getLogger("roost").handlers:
        handler.flush()
    os._exit(0)


@contextmanager
def _signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> Iterator[None]:
    """The first SIGTERM or SIGINT asks to stop, the second ends the process at once."""

    def told() -> None:
        if stop.is_set():
            os._exit(130)
        if sys.stderr.isatty():
            click.echo(f"\nending what runs, {STOP_S:g} s at most; Ctrl-C once more ends it at once", err=True)
        stop.set()

    signals = (signal.SIGTERM, signal.SIGINT)
    for one in signals:
        loop.add_signal_handler(one, told)
    try:
        yield
    finally:
        for one in signals:
            loop.remove_signal_handler(one)


def _server(host: Host, listener: socket.socket, welcome: Callable[[str], None]) -> uvicorn.Server:
    import uvicorn

    from host.http import BoundedProtocol
    from host.socket import Socket

    closing: dict[Any, float] = {}

    class Server(uvicorn.Server):
        """uvicorn, with our signals, the line that says where it listens, and an end for sockets nobody reads."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            address, port = listener.getsockname()[:2]
            welcome(f"http://{f'[{address}]' if ':' in address else address}:{port}")

        async def on_tick(self, counter: int) -> bool:
            if counter % 10 == 0:
                self.cut()
            return await super().on_tick(counter)

        def cut(self) -> None:
            """Abort transports that have been closing for long, and refuse clients that never come to their point."""
            nonlocal closing
            now = asyncio.get_running_loop().time()
            here = list(self.server_state.connections)
            for one in here:
                if isinstance(one, BoundedProtocol) and one.overdue(now):
                    one.refuse(408, "the head of a request must be sent whole within 20 s")
            shut = {one for one in here if one.transport and one.transport.is_closing()}
            closing = {one: closing.get(one, now) for one in shut}
            for one, since in closing.items():
                if now - since > HALF_CLOSED_S:
                    one.transport.abort()

    return Server(
        uvicorn.Config(
            host,
            http=BoundedProtocol,
            ws=Socket,
            ws_max_size=16 * 1024 * 1024,
            ws_per_message_deflate=False,
            ws_ping_interval=20,
            ws_ping_timeout=20,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=4096,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=3,
        )
    )


if __name__ == "__main__":
    main()
