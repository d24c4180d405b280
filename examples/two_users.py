"""Two people at work in one host at the same time, each in a clone of a real repository.

    MULTI_USER=1 ROOST_EXTENSIONS__FOLDERS='["examples"]' make run    # in one terminal
    .venv/bin/python examples/two_users.py http://127.0.0.1:3000      # in another

It imports nothing of Roost: a WebSocket and JSON are enough. Both clone this project (from disk) into their workspace,
read and edit a page, run an extension's command, hear its event and keep state; then each asks for what the other has.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import websockets

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = "ARCHITECTURE.md"


class Refused(Exception):
    """The host answered with an error."""


class Person:
    """One user's socket. Calls go one at a time; events that come meanwhile are kept."""

    def __init__(self, uid: str, socket: websockets.ClientConnection) -> None:
        self.uid = uid
        self.socket = socket
        self.ids = itertools.count(1)
        self.events: list[dict[str, Any]] = []

    async def call(self, method: str, speaks_as: str = "", **params: Any) -> Any:
        """The result of a method, asked for in this person's name unless they pretend to be another."""
        uid, number = speaks_as or self.uid, next(self.ids)
        await self.socket.send(
            json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params, "uid": uid})
        )
        while "method" in (message := json.loads(await self.socket.recv())):
            self.events.append(message["params"])
        if "error" in message:
            raise Refused(f"{message['error']['code']} {message['error']['message']}")
        return message["result"]

    async def event(self) -> dict[str, Any]:
        """The oldest event that was not looked at yet."""
        while not self.events:
            self.events.append(json.loads(await self.socket.recv())["params"])
        return self.events.pop(0)

    def say(self, what: str, value: Any) -> None:
        print(f"{self.uid:>5} | {what}: {value}", flush=True)


def clone(repository: Path) -> dict[str, str]:
    """The text of every file of a repository by its path, from a fresh clone."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["git", "clone", "--quiet", "--depth=1", repository.as_uri(), scratch], check=True)
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=scratch, capture_output=True, text=True, check=True)
        names = listed.stdout.rstrip("\0").split("\0")
        return {name: Path(scratch, name).read_text(encoding="utf-8", errors="replace") for name in names}


async def work(me: Person) -> None:
    """A short day: bring the project, edit a page, count its words, remember something."""
    opened = await me.call("session.open")
    me.say("session", f"{opened['sessionId']} in {opened['workspaceFolders'][0]['uri']}")
    files = await asyncio.to_thread(clone, REPOSITORY)
    for name, text in files.items():
        await me.call("workspace.fs.writeFile", uri=f"/workspace/roost/{name}", content=text)
    me.say("files brought", len(files))

    page = f"/workspace/roost/{PAGE}"
    text = (await me.call("workspace.fs.readFile", uri=page))["content"]
    await me.call("workspace.fs.writeFile", uri=page, content=f"{text}\nEdited by {me.uid}.\n")
    text = (await me.call("workspace.fs.readFile", uri=page))["content"]
    me.say(f"last line of my {PAGE}", text.splitlines()[-1])

    words = await me.call("commands.executeCommand", command="hello.countWords", arguments=[f"roost/{PAGE}"])
    me.say("words in it, by the extension's command", words)
    event = await me.event()
    me.say("event", f"{event['seq']} {event['type']} {event['data']}")

    await me.call("state.update", scope="global", key="favourite", value=f"the page that {me.uid} edits")
    me.say("my state", await me.call("state.get", scope="global", key="favourite"))


async def pry(me: Person, other: str) -> None:
    """Ask for what is another's, by its path and by their name."""
    try:
        found = await me.call("workspace.fs.readDirectory", uri=f"/../{other}/root/workspace")
    except Refused as refused:
        found = refused
    me.say(f"{other}'s files, by their path", found)
    try:
        found = await me.call("state.get", speaks_as=other, scope="global", key="favourite")
    except Refused as refused:
        found = refused
    me.say(f"{other}'s state, in their name", found)


async def day(base: str, uid: str, other: str) -> None:
    async with websockets.connect(f"{base.replace('http', 'ws', 1)}/ws?uid={uid}") as socket:
        me = Person(uid, socket)
        await work(me)
        await pry(me, other)


async def main(base: str) -> None:
    await asyncio.gather(day(base, "ada", "grace"), day(base, "grace", "ada"))


if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3000"
    try:
        asyncio.run(main(address))
    except (OSError, websockets.InvalidURI):
        sys.exit(f"no host answers at {address}: start one as README says, or name another as the first argument")
    except websockets.ConnectionClosedError as closed:
        sys.exit(f"the host at {address} wants no two users: {closed.rcvd.reason if closed.rcvd else closed}")
    except Refused as refused:
        sys.exit(f"the host at {address} refused: {refused}; start one as README says")
