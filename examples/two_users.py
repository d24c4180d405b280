"""Two people at work in one host, each in a clone of a real repository, at the same time.

    MULTI_USER=1 make run                                             # in one terminal
    .venv/bin/python examples/two_users.py http://127.0.0.1:3000      # in another

It needs nothing of Roost: a WebSocket and JSON. Each user clones this project (from disk) into their workspace, reads
and edits a file, keeps state and follows their events; then each tries to see what the other has.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import websockets

REPOSITORY = Path(__file__).resolve().parent.parent


class Person:
    """One user's socket: calls by number, events as they come."""

    def __init__(self, uid: str, socket: websockets.ClientConnection) -> None:
        self.uid = uid
        self.socket = socket
        self.number = 0
        self.events: list[dict[str, Any]] = []

    async def call(self, method: str, **params: Any) -> Any:
        """The result of a method, or the error as a string."""
        self.number += 1
        message = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params, "uid": self.uid}
        await self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(await self.socket.recv())
            if answer.get("id") == self.number and "method" not in answer:
                return (
                    answer["result"]
                    if "error" not in answer
                    else f"{answer['error']['code']} {answer['error']['message']}"
                )
            self.events.append(answer)

    def say(self, what: str, value: Any) -> None:
        print(f"{self.uid:>5} | {what}: {value}", flush=True)


def files_of(repository: Path) -> list[str]:
    """What git knows of, as a user would upload it."""
    listed = subprocess.run(
        ["git", "-C", str(repository), "ls-files", "-z"], capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name]


async def bring(person: Person, repository: Path) -> int:
    """Clone the repository to a scratch folder and put its files into the user's workspace over the wire."""
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch, "clone")
        subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{repository}", str(clone)], check=True)
        names = files_of(clone)
        for name in names:
            text = (clone / name).read_text(encoding="utf-8", errors="replace")
            await person.call("workspace.fs.writeFile", uri=f"/workspace/roost/{name}", content=text)
    return len(names)


async def work(uid: str, other: str, base: str) -> None:
    async with websockets.connect(f"{base.replace('http', 'ws', 1)}/ws?uid={uid}") as socket:
        me = Person(uid, socket)
        opened = await me.call("session.open")
        me.say("session", f"{opened['sessionId']} in {opened['workspaceFolders'][0]['uri']}")
        me.say("files brought", await bring(me, REPOSITORY))
        readme = "/workspace/roost/README.md"
        text = (await me.call("workspace.fs.readFile", uri=readme))["content"]
        await me.call("workspace.fs.writeFile", uri=readme, content=f"{text}\nEdited by {uid}.\n")
        last = (await me.call("workspace.fs.readFile", uri=readme))["content"].splitlines()[-1]
        me.say("last line of my README", last)
        me.say(
            "words in it, by the extension's command",
            await me.call("commands.executeCommand", command="hello.countWords", arguments=["roost/README.md"]),
        )
        await me.call("state.update", scope="global", key="favourite", value=f"the one that {uid} edits")
        me.say("my state", await me.call("state.get", scope="global", key="favourite"))
        me.say(
            f"{other}'s files, asked for by path",
            await me.call("workspace.fs.readDirectory", uri=f"/../{other}/root/workspace"),
        )
        await socket.send(
            json.dumps(
                {"jsonrpc": "2.0", "id": "spoof", "method": "state.keys", "params": {"scope": "global"}, "uid": other}
            )
        )
        while (answer := json.loads(await socket.recv())).get("id") != "spoof":
            pass
        me.say(f"{other}'s state, asked for by name", f"{answer['error']['code']} {answer['error']['message']}")


async def main(base: str) -> None:
    async with asyncio.TaskGroup() as both:
        both.create_task(work("ada", "grace", base))
        both.create_task(work("grace", "ada", base))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3000"))
