"""Walk: settings over the real wire, as the user's clients read and change them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import Refused, connect, running
from tests.people import extension

pytestmark = pytest.mark.anyio

MANIFEST = """
[contributes.configuration.properties."acme.depth"]
type = "integer"
default = 3
minimum = 1
[contributes.configuration.properties."acme.key"]
type = "string"
scope = "application"
"""
FILE = "/workspace/.vscode/settings.json"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host with an extension that has settings."""
    folder: Path = tmp_path_factory.mktemp("settings")
    place = extension(folder / "extensions", "acme", MANIFEST, extension="def activate(context): ...")
    with running(folder / "data", ROOST_EXTENSIONS__FOLDERS=f'["{place}"]') as process:
        yield process.base


async def test_settings_are_read_changed_and_told_to_their_user_only(base: str, alice: str, bob: str) -> None:
    async with connect(base, alice) as one, connect(base, bob) as other:
        await one.call("session.open")
        await other.call("session.open")
        assert await one.call("workspace.getConfiguration", section="acme") == {"depth": 3, "key": ""}
        assert (await one.call("workspace.getConfiguration"))["acme"]["depth"] == 3
        await one.call("workspace.updateConfiguration", key="acme.depth", value=4, target="global")
        event = (await one.next())["params"]
        assert (event["type"], event["data"]) == ("workspace.onDidChangeConfiguration", {"keys": ["acme.depth"]})
        await one.call("workspace.updateConfiguration", key="acme.depth", value=5, target="workspace")
        assert await one.call("workspace.getConfiguration", section="acme.depth") == 5
        assert await other.call("workspace.getConfiguration", section="acme.depth") == 3
        await one.call("workspace.fs.writeFile", uri=FILE, content='{"acme.depth": 6, /* six */}')
        assert await one.call("workspace.getConfiguration", section="acme.depth") == 6
        await one.call("workspace.updateConfiguration", key="own.word", value={"a": [1]}, target="workspace")
        assert "/* six */" in (await one.call("workspace.fs.readFile", uri=FILE))["content"]
        await one.call("workspace.updateConfiguration", key="acme.depth", value=None, target="workspace")
        assert await one.call("workspace.getConfiguration", section="acme.depth") == 4
        assert await one.call("workspace.getConfiguration", section="own") == {"word": {"a": [1]}}
        await other.call("session.ping")
        assert not [message for message in other.heard if message.get("method") == "event"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"key": "acme.depth", "value": 0, "target": "global"}, "must be at least 1"),
        ({"key": "acme.depth", "value": "x", "target": "global"}, "must be of type integer"),
        ({"key": "acme.key", "value": "x", "target": "workspace"}, "target 'global'"),
        ({"key": "budgets.day", "value": 1, "target": "workspace"}, "target 'global'"),
        ({"key": "a\0b", "value": 1, "target": "global"}, "NUL"),
        ({"key": "x" * 1_000_000, "value": 1, "target": "global"}, "key"),
        ({"key": "a.b", "value": 1, "target": "user"}, "target"),
        ({"key": "a.b", "target": "global"}, "value"),
        ({"key": "a.b", "value": 1, "target": "global", "more": 1}, "more"),
        ({"key": "a.b", "value": "x" * 200_000, "target": "workspace"}, "at most"),
    ],
)
async def test_what_cannot_be_is_refused_in_words(base: str, alice: str, params: dict[str, Any], words: str) -> None:
    async with connect(base, alice) as one:
        with pytest.raises(Refused, match=words) as caught:
            await one.call("workspace.updateConfiguration", **params)
        assert caught.value.code == -32602
