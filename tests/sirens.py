"""An extension that posts as many events as a test likes. No host code is here."""

from __future__ import annotations

import json
from pathlib import Path

from tests.client import Client

MANIFEST = """
name = "siren"
publisher = "acme"
version = "1.0.0"
enabled_api_proposals = ["events"]

[[contributes.commands]]
command = "siren.sound"
title = "Post events"

[[contributes.commands]]
command = "siren.say"
title = "Post one durable event"
"""

CODE = """
import shim as vscode
from shim.proposed import events

posted = 0

async def sound(times: int, durable: bool = False, size: int = 1, first: int = 0) -> int:
    global posted
    posted = first - 1 if first else posted
    waits = []
    for _ in range(times):
        posted += 1
        waits.append(events.post("siren.sounded", {"number": posted, "filler": "x" * size}, durable=durable))
    numbers = [await one for one in waits]
    return numbers[-1] if numbers else 0

async def say(data: object) -> int:
    return await events.post("siren.said", data, durable=True)

def activate(context):
    context.subscriptions.append(vscode.commands.register_command("siren.sound", sound))
    context.subscriptions.append(vscode.commands.register_command("siren.say", say))
"""


def planted(folder: Path) -> dict[str, str]:
    """The extension in `folder`, and the environment of a host that has it."""
    (folder / "siren").mkdir(parents=True)
    (folder / "siren" / "extension.toml").write_text(MANIFEST)
    (folder / "siren" / "extension.py").write_text(CODE)
    return {"ROOST_EXTENSIONS__FOLDERS": json.dumps([str(folder)])}


async def sound(client: Client, times: int, *, durable: bool = False, size: int = 1, first: int = 0) -> int:
    """Post events, numbered on in each life of the extension, or from `first`; the last one's in the user's mailbox."""
    given = [times, durable, size, first]
    return int(await client.call("commands.executeCommand", command="siren.sound", arguments=given))
