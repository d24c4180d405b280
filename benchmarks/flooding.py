"""Ways to be loud with an extension, a document or the agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson

import tests.people
from benchmarks.place import Place, all_of, kind

EXTENSION = '''
import asyncio, time
import shim as vscode
from shim.proposed import events

state = None
items = vscode.EventEmitter()
names = [f"item {number}" for number in range(5_000)]

async def late(seconds):
    """How late a timer of 2 ms is for so long, and how much of that the loop's own thread computed; milliseconds."""
    found, until = [], time.perf_counter() + seconds
    while (began := time.perf_counter()) < until:
        own = time.thread_time()
        await asyncio.sleep(0.002)
        found.append((1e3 * (time.perf_counter() - began - 0.002), 1e3 * (time.thread_time() - own)))
    return found

async def burst(count):
    for _ in range(count):
        last = events.post("noise.told", {"filling": "x" * 10_000})
    await last

async def keys(count):
    for number in range(count):
        last = state.update(f"key {number}", {"number": number})
        if number % 100 == 0:  # an extension is trusted to let go of the loop
            await asyncio.sleep(0)
    await last

diagnostics = vscode.languages.create_diagnostic_collection("noise")

async def problems(count, number):
    where = vscode.Range(0, 0, 0, 1)
    one = [vscode.Diagnostic(where, f"problem {number}")]
    for file in range(count):
        diagnostics.set(vscode.Uri.file(f"/workspace/{file}"), one)
        if file % 100 == 0:
            await asyncio.sleep(0)

class Tree:
    on_did_change_tree_data = items.event
    def get_children(self, element=None):
        return names if element is None else []
    def get_tree_item(self, element):
        return vscode.TreeItem(element)

async def tree(count):
    for number in range(count):
        items.fire(names[number % len(names)])
        if number % 100 == 0:
            await asyncio.sleep(0)

flooding = (late, burst, keys, problems, tree)

def activate(context):
    global state
    state = context.global_state
    context.subscriptions += [
        vscode.window.create_tree_view("noise.tree", tree_data_provider=Tree()),
        *(vscode.commands.register_command(f"noise.{one.__name__}", one) for one in flooding),
    ]
'''

MANIFEST = (
    'enabled_api_proposals = ["events"]\n'
    + "".join(
        f'[[contributes.commands]]\ncommand = "noise.{name}"\ntitle = "{name}"\n'
        for name in ("late", "burst", "keys", "problems", "tree")
    )
    + '[[contributes.views.explorer]]\nid = "noise.tree"\nname = "Noise"\n'
)


def extension(folder: Path) -> dict[str, str]:
    """An extension that floods when told to, and what a host's environment needs to find it."""
    tests.people.extension(folder, "noise", MANIFEST, extension=EXTENSION)
    return {"ROOST_EXTENSIONS__FOLDERS": orjson.dumps([str(folder)]).decode()}


# -- what extensions and documents do


@kind("a document of 1 MB, 50 edits a second")
async def document(place: Place) -> AsyncIterator[None]:
    async with place.person() as person:
        uri = "/workspace/large.txt"
        await person.call("workspace.fs.writeFile", uri=uri, content=("x" * 49 + "\n") * 20_000)
        await person.call("workspace.openTextDocument", uri=uri)
        here = {"start": {"line": 7, "character": 0}, "end": {"line": 7, "character": 3}}

        async def edit() -> None:
            await person.call("workspace.applyEdit", edits=[{"uri": uri, "range": here, "newText": "yyy"}])

        async with all_of(place.again(edit, 0.02)):
            yield


def commanded(name: str, *arguments: Any) -> None:
    """A neighbour who has an extension do that over and over."""

    async def noise(place: Place) -> AsyncIterator[None]:
        async with place.person() as person:

            async def command() -> None:
                await person.call("commands.executeCommand", command=name, arguments=[*arguments])

            async with all_of(place.again(command)):
                yield

    kind(f"{arguments[0]:,} {name.removeprefix('noise.')} of an extension")(noise)


commanded("noise.keys", 10_000)
commanded("noise.problems", 10_000, 1)


@kind("10,000 tree items of an extension")
async def tree(place: Place) -> AsyncIterator[None]:
    async with place.person() as person:
        await person.call("commands.executeCommand", command="noise.tree", arguments=[1])
        pieces = (await person.call("window.surface"))["pieces"]
        handles = [one["handle"] for one in pieces if one["state"].get("viewId") == "noise.tree"]

        async def work() -> None:
            for handle in handles:
                await person.call("window.tree.children", handle=handle)
            await person.call("commands.executeCommand", command="noise.tree", arguments=[10_000])

        async with all_of(place.again(work)):
            yield


STEPS = [("execute_command", {"command": "seq 1 1400000"}), ("attempt_completion", {"result": "Done."})]
ALLOWED = {"autoApprovalEnabled": True, "alwaysAllowExecute": True, "allowedCommands": ["seq"]}


@kind("an agent whose tool says 10 MB")
async def agent(place: Place) -> AsyncIterator[None]:
    async with place.person() as person:
        ended = asyncio.Event()

        def hear(message: dict[str, Any]) -> None:
            event = message.get("params", {})
            if event.get("type") == "coder.task" and event["data"].get("status") in ("completed", "failed", "waiting"):
                ended.set()

        person.hear = hear
        await person.call("commands.executeCommand", command="coder.setAutoApproval", arguments=[ALLOWED])

        async def task() -> None:
            ended.clear()
            given = {"message": f"Count, {place.uid}."}
            await person.call("commands.executeCommand", command="coder.createTask", arguments=[given])
            await ended.wait()

        async with all_of(place.again(task)):
            yield
