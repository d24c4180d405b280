"""`roost task`: one task of the agent on the folder one is in, in this process, spoken to in this terminal.

It has a data folder of its own, so it goes beside a running host; nothing listens on any port. Ctrl-C aborts the task.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import orjson

from host.cli.far import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from host.config import Config
    from sessions.context import SessionContext

COMPLETED, FAILED, NEEDS_SOMEBODY = 0, 1, 3
"""Exit codes: what was asked for is done; it is not; somebody has to say something and nobody can be asked."""

ENDS = frozenset({"completed", "failed", "aborted"})
EVERYTHING = ("alwaysAllowWrite", "alwaysAllowExecute", "alwaysAllowModeSwitch", "alwaysAllowSubtasks")
EDITS = ("alwaysAllowWrite", "alwaysAllowModeSwitch", "alwaysAllowSubtasks")
USER = "local"
STARTS_S = 60.0
"""How long a run may take to hold its folder, in seconds."""


class Wish(NamedTuple):
    """What was asked for on the command line."""

    message: str
    mode: str | None
    model: str | None
    yes: str | None
    """`edits`, `all`, or None: ask."""
    as_json: bool


def perform(config: Config, wish: Wish) -> int:
    """Run one task; gives the exit code."""
    from host.app import create_app

    with _data(config.data) as folder:
        host = create_app(config.model_copy(update={"data": folder}))

        async def work() -> int:
            async with host, host.sessions.using(USER) as session:
                with session.entered():
                    return await Talk(session, wish).run()

        return asyncio.run(work())


@contextmanager
def _data(beside: Path) -> Iterator[Path]:
    """A data folder for this one run, removed after it."""
    place = beside.with_name(f"{beside.name}-tasks")
    try:
        place.mkdir(mode=0o711, parents=True, exist_ok=True)
        _clear(place)
        made = Path(tempfile.mkdtemp(dir=place))
        made.chmod(0o711)
    except OSError as error:
        reason = (error.strerror or "cannot be used").lower()
        raise Refused(f"--data: {place}: {reason}; choose a folder that you may write.") from None
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _clear(place: Path) -> None:
    """Remove what runs left behind that were killed: nobody holds it any more."""
    from host.config import ConfigError
    from host.folder import holding

    for left in place.iterdir():
        if time.time() - left.stat().st_mtime < STARTS_S:
            continue  # a host may be about to hold it
        with suppress(ConfigError, OSError), holding(left):
            shutil.rmtree(left, ignore_errors=True)


class Talk:
    """One task as it is shown in a terminal."""

    def __init__(self, session: SessionContext, wish: Wish) -> None:
        self._session = session
        self._wish = wish
        self._task = ""
        self._streamed: set[int] = set()
        self._asked: set[str] = set()
        self._in_line = False
        self._stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> int:
        """Begin the task and follow it to its rest. Raises `Refused` where there is no model for it."""
        await self._refuse_without_model()
        await self._allow()
        follower = self._session.mailbox.follow(None)
        given = {"message": self._wish.message, "mode": self._wish.mode, "model": self._wish.model}
        began = await self._call("createTask", **{name: value for name, value in given.items() if value})
        self._task = began["taskId"]
        async with self._ended_by_ctrl_c():
            async for batch in follower:
                for event in batch:
                    code = await self._hear(event.type, orjson.loads(event.data_json))
                    if code is not None:
                        return code
        return FAILED

    async def _call(self, name: str, **given: Any) -> Any:
        from shim.commands import Commands

        return await self._session.get(Commands).execute(f"coder.{name}", given)

    async def _refuse_without_model(self) -> None:
        """A script that says what it says is no answer to a question of somebody's: it is played where it is named."""
        from shim.lm import select_chat_models

        models = await select_chat_models()
        if self._wish.model is None and all(one.vendor == "demo" for one in models):
            raise Refused(
                "there is no language model: no provider has a key, or none answers: name one in --config "
                '(ai_providers.anthropic.api_key; "${ANTHROPIC_API_KEY}" takes it from the environment), or set '
                "ROOST_AI_PROVIDERS__ANTHROPIC__API_KEY; `--model demo/scripted` plays a script."
            )

    async def _allow(self) -> None:
        settings: dict[str, Any] = {"autoApprovalEnabled": True}
        names = {"all": EVERYTHING, "edits": EDITS}.get(self._wish.yes or "", ())
        settings |= dict.fromkeys(names, True)
        if self._wish.yes == "all":
            settings["allowedCommands"] = ["*"]
        await self._call("setAutoApproval", **settings)

    @asynccontextmanager
    async def _ended_by_ctrl_c(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._stop)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    def _stop(self) -> None:
        if not self._stopped.done():
            self._stopped.set_result(None)
            self._session.start(self._abort(), "abort")

    async def _abort(self) -> None:
        with suppress(Exception):
            await self._call("abortTask", taskId=self._task)

    # -- what it hears

    async def _hear(self, kind: str, data: dict[str, Any]) -> int | None:
        if not kind.startswith("coder."):
            return None
        if self._wish.as_json:
            click.echo(json.dumps({"type": kind, **data}, ensure_ascii=False))
        elif kind == "coder.delta":
            self._stream(data)
        elif kind == "coder.message":
            self._show(data["message"])
        if kind == "coder.approval" and data["status"] == "waiting":
            return await self._decide(data)
        if kind == "coder.task" and data["taskId"] == self._task:
            return await self._moved(data)
        return None

    async def _moved(self, task: dict[str, Any]) -> int | None:
        status = task["status"]
        if status == "waiting" and task.get("waitingFor") == "question":
            return await self._answer(task["question"])
        if status == "waiting" and task.get("waitingFor") == "budget":
            return self._end(task, FAILED)
        if status not in ENDS:
            return None
        return self._end(task, COMPLETED if status == "completed" else FAILED)

    def _end(self, task: dict[str, Any], code: int) -> int:
        if not self._wish.as_json:
            cost = "cost unknown" if task["cost"] is None else f"${task['cost']:.4f}"
            usage = task["usage"]
            self._line(click.style(f"{task['status']} · {usage['input'] + usage['output']} tokens · {cost}", dim=True))
        return code

    # -- what it shows

    def _line(self, text: str) -> None:
        if self._in_line:
            click.echo()
            self._in_line = False
        click.echo(text)

    def _stream(self, delta: dict[str, Any]) -> None:
        if delta["kind"] == "arguments" or delta["taskId"] != self._task:
            return
        if delta["messageId"] not in self._streamed:
            self._line("")
            self._streamed.add(delta["messageId"])
        click.echo(click.style(delta["text"], dim=delta["kind"] != "text"), nl=False)
        self._in_line = True

    def _show(self, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind == "tool" and message["name"] == "attempt_completion" and message["status"] == "done":
            return  # what it says is shown by itself
        if kind == "tool" and message["status"] in ("done", "failed", "refused", "interrupted"):
            good = message["status"] == "done"
            about = message["arguments"].get("command") or message["arguments"].get("path") or ""
            line = f"{'✓' if good else '✗'} {message['name']} {about}".rstrip()
            self._line(click.style(line, fg="green" if good else "red"))
            if not good and message.get("output"):
                click.echo(click.style(f"  {message['output'].strip().splitlines()[0][:200]}", dim=True))
        elif kind == "error":
            self._line(click.style(message["text"], fg="red"))
        elif kind == "completion" or (kind == "assistant" and message["id"] not in self._streamed):
            self._line(f"\n{message['text']}")

    # -- what it asks

    async def _decide(self, approval: dict[str, Any]) -> int | None:
        if approval["approvalId"] in self._asked:
            return None
        self._asked.add(approval["approvalId"])
        if not self._can_ask():
            return await self._give_up(f"it asks for leave: {_about(approval)}; allow it with --yes")
        self._line(click.style(f"\n{approval['tool'] or 'The agent'} asks: {_about(approval)}", fg="yellow", bold=True))
        for line in str(approval["shown"].get("diff") or "").splitlines()[:200]:
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
            click.echo(click.style(line, fg=colour))
        said = await self._read("[y]es, [a]lways, [n]o, or say why not: ")
        if said is None:
            return await self._unanswered()
        decision = {"y": "once", "yes": "once", "a": "always", "always": "always"}.get(said.strip().lower(), "reject")
        reason = said.strip() if said.strip().lower() not in ("n", "no", "") and decision == "reject" else None
        more = {"reason": reason} if reason else {}
        given = {"taskId": approval["taskId"], "approvalId": approval["approvalId"]}
        await self._call("decide", **given, decision=decision, **more)
        return None

    async def _answer(self, question: dict[str, Any]) -> int | None:
        key = f"{self._task}-{question.get('shownId')}"
        if key in self._asked:
            return None
        self._asked.add(key)
        if not self._can_ask():
            return await self._give_up(f"it asks: {question['text']}")
        self._line(click.style(f"\n{question['text']}", fg="yellow", bold=True))
        for at, one in enumerate(question["suggestions"], 1):
            click.echo(f"  {at}. {one['text']}")
        said = await self._read("Answer (or a number): ")
        if not said:
            return await self._unanswered()
        chosen = int(said) - 1 if said.isdecimal() and len(said) < 3 else -1
        text = question["suggestions"][chosen]["text"] if 0 <= chosen < len(question["suggestions"]) else said
        await self._call("sendMessage", taskId=self._task, message=text)
        return None

    def _can_ask(self) -> bool:
        return not self._wish.as_json and sys.stdin.isatty()

    async def _read(self, prompt: str) -> str | None:
        """A line from the terminal; None at its end, or once Ctrl-C was pressed."""
        loop = asyncio.get_running_loop()
        line: asyncio.Future[str] = loop.create_future()
        click.echo(prompt, nl=False)
        loop.add_reader(sys.stdin, _take, line)
        waiting: set[asyncio.Future[Any]] = {line, self._stopped}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(sys.stdin)
        return (line.result().rstrip("\n") if line.result() else None) if line.done() else None

    async def _unanswered(self) -> int:
        if not self._stopped.done():
            return await self._give_up("nobody answers")
        await self._abort()
        self._line("aborted")
        return FAILED

    async def _give_up(self, why: str) -> int:
        await self._abort()
        click.echo(f"roost: the task was stopped: {why}", err=True)
        return NEEDS_SOMEBODY


def _about(approval: dict[str, Any]) -> str:
    shown = approval["shown"]
    actions = (
        f"{one['kind']} {one.get('path') or one.get('command') or one.get('name') or ''}" for one in approval["actions"]
    )
    return str(shown.get("limit") or shown.get("command") or "; ".join(actions) or "to make a call again")


def _take(line: asyncio.Future[str]) -> None:
    if not line.done():
        line.set_result(sys.stdin.readline())
