"""extensions: what other extensions of the same user see of one. How they are loaded, tests/host shows."""

from __future__ import annotations

from pathlib import Path

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import NoCurrentUser, RoostError
from shim.extensions import Extensions, NotActive
from tests.people import extension, loads, people

pytestmark = pytest.mark.anyio

COUNTER = """
    def activate(context):
        return {"count": 0}
"""


async def test_extensions_are_listed_and_found_by_id_in_any_case(tmp_path: Path) -> None:
    extension(tmp_path, "counter", extension=COUNTER)
    async with people(tmp_path, loads(tmp_path)) as sessions:
        with (await sessions.open("ada")).entered():
            (one,) = vscode.extensions.all
            assert one is vscode.extensions.get_extension("ACME.Counter")
            assert (one.id, one.is_active) == ("acme.counter", False)
            assert one.extension_path == str(tmp_path / "counter")
            assert one.extension_uri == vscode.Uri.file(str(tmp_path / "counter"))
            assert one.extension_kind is vscode.ExtensionKind.WORKSPACE
            assert vscode.extensions.get_extension("acme.none") is None


async def test_exports_are_there_once_it_is_active_and_each_user_has_others(tmp_path: Path) -> None:
    extension(tmp_path, "counter", extension=COUNTER)
    async with people(tmp_path, loads(tmp_path)) as sessions:
        exports = []
        for uid in ("ada", "ben"):
            with (await sessions.open(uid)).entered():
                one = vscode.extensions.all[0]
                with pytest.raises(NotActive, match="await its activate"):
                    _ = one.exports
                exports.append(await one.activate())
                assert one.is_active
                assert one.exports is exports[-1] is await one.activate()
        assert exports[0] == exports[1] == {"count": 0}
        assert exports[0] is not exports[1]


async def test_the_manifest_is_in_vs_codes_words_and_ones_own_copy(tmp_path: Path) -> None:
    manifest = """
        display_name = "Counter"
        [[contributes.commands]]
        command = "counter.count"
        title = "Count"
        short_title = "C"
    """
    extension(tmp_path, "counter", manifest, extension=COUNTER)
    async with people(tmp_path, loads(tmp_path)) as sessions:
        with (await sessions.open("ada")).entered():
            one = vscode.extensions.all[0]
            one.package_json["displayName"] = "changed"
            assert one.package_json == {
                "name": "counter",
                "publisher": "acme",
                "version": "1.0.0",
                "displayName": "Counter",
                "main": "extension.py",
                "contributes": {"commands": [{"command": "counter.count", "title": "Count", "shortTitle": "C"}]},
            }


async def test_a_session_without_a_loader_says_so(ada: SessionContext) -> None:
    bare = Extensions(ada)
    with pytest.raises(RoostError, match="no loader of extensions"):
        await bare.activate("acme.counter")


def test_outside_of_a_user_there_are_no_extensions() -> None:
    with pytest.raises(NoCurrentUser):
        _ = vscode.extensions.all
    assert not hasattr(vscode.extensions, "no_such_thing")
