"""Settings as an extension asks for them: layers, languages, folders, and who hears of a change."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import FileSystemError, InvalidValue
from shim.configuration import Configurations, WorkspaceConfiguration
from tests.people import extension, loads, people
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

MANIFEST = """
[contributes.configuration.properties."acme.greeting"]
type = "string"
default = "hello"
[contributes.configuration.properties."acme.machine"]
type = "string"
default = "here"
scope = "machine"
[contributes.configuration.properties."acme.wide"]
type = "number"
scope = "language-overridable"
default = 80
[contributes.configuration.properties."acme.near"]
type = ["string", "null"]
scope = "resource"
[contributes.configuration.properties."acme.rules"]
type = "object"
default = {a = 1, b = {c = 2}}
"""

GLOBAL = vscode.ConfigurationTarget.GLOBAL
WORKSPACE = vscode.ConfigurationTarget.WORKSPACE
FOLDER = vscode.ConfigurationTarget.WORKSPACE_FOLDER
FILE = "/workspace/.vscode/settings.json"


@pytest.fixture
async def sessions(tmp_path: Path) -> Any:
    """The sessions of a host with the extension above."""
    extension(tmp_path / "extensions", "acme", MANIFEST, extension="def activate(context): ...")
    async with people(tmp_path / "data", loads(tmp_path / "extensions")) as opened:
        yield opened


def acme(scope: Any = None) -> WorkspaceConfiguration:
    return vscode.workspace.get_configuration("acme", scope)


async def write(session: SessionContext, settings: object, path: str = FILE) -> None:
    text = settings if isinstance(settings, str) else json.dumps(settings)
    await session.files.write(path, text.encode())
    await session.get(Configurations).refresh()


async def test_the_workspace_wins_over_the_user_and_that_over_the_manifest(ada: SessionContext) -> None:
    with ada.entered():
        assert acme().get("greeting") == "hello"
        await acme().update("greeting", "mine", GLOBAL)
        before = acme()
        await acme().update("greeting", "ours", WORKSPACE)
        assert (before.get("greeting"), acme().get("greeting")) == ("mine", "ours")
        found = acme().inspect("greeting")
        assert (found.key, found.default_value) == ("acme.greeting", "hello")
        assert (found.global_value, found.workspace_value, found.workspace_folder_value) == ("mine", "ours", None)
        assert json.loads(await ada.files.read(FILE)) == {"acme.greeting": "ours"}
        await acme().update("greeting", None, False)
        await acme().update("greeting", None, True)
        assert acme().get("greeting") == "hello"


async def test_it_reads_as_a_mapping_that_nobody_can_change(ada: SessionContext) -> None:
    with ada.entered():
        settings = acme()
        assert settings["greeting"] == settings.greeting == "hello"
        assert set(settings) >= {"greeting", "machine", "wide", "rules", "near"}
        assert "nothing" not in settings
        assert not settings.has("nothing")
        assert settings.get("nothing", 5) == 5
        assert settings.get("rules.b.c") == 2
        settings.get("rules")["b"]["c"] = 3
        assert settings.get("rules") == {"a": 1, "b": {"c": 2}}
        with pytest.raises(TypeError):
            settings["greeting"] = "x"  # type: ignore[index]
        with pytest.raises(AttributeError):
            _ = settings.nothing
        assert vscode.workspace.get_configuration().get("acme.greeting") == "hello"


async def test_objects_of_all_layers_are_merged(ada: SessionContext) -> None:
    with ada.entered():
        await acme().update("rules", {"b": {"d": 3}}, True)
        await write(ada, '{"acme.rules": {"a": 9}, // ours\n}')
        assert acme().get("rules") == {"a": 9, "b": {"c": 2, "d": 3}}


async def test_one_users_settings_are_not_anothers(ada: SessionContext, ben: SessionContext) -> None:
    heard: list[object] = []
    with ben.entered():
        vscode.workspace.on_did_change_configuration(heard.append)
    with ada.entered():
        await acme().update("greeting", "ada's", True)
        await acme().update("near", "ada's", False)
    with ben.entered():
        assert (acme().get("greeting"), acme().get("near")) == ("hello", "")
    assert heard == []


async def test_a_setting_may_be_another_for_a_language(ada: SessionContext) -> None:
    python = {"language_id": "python"}
    with ada.entered():
        await acme().update("wide", 100, True)
        await acme(python).update("wide", 88, True, True)
        await write(ada, {"acme.wide": 60})
        assert acme().get("wide") == 60
        assert acme(python).get("wide") == 88
        assert acme({"language_id": "ruby"}).get("wide") == 60
        found = acme(python).inspect("wide")
        assert (found.global_value, found.global_language_value, found.language_ids) == (100, 88, ["python"])
        with pytest.raises(InvalidValue, match="cannot be set for one language"):
            await acme(python).update("greeting", "x", True, True)
        with pytest.raises(InvalidValue, match="needs a scope with a language"):
            await acme().update("wide", 1, True, True)


async def test_a_setting_is_changed_for_a_language_where_the_target_says_something_for_it(ada: SessionContext) -> None:
    python = {"language_id": "python"}
    with ada.entered():
        await acme(python).update("wide", 1, True)
        assert acme().inspect("wide").global_value == 1
        await acme(python).update("wide", 2, True, True)
        await acme(python).update("wide", 3, True)
        await acme(python).update("wide", 4, WORKSPACE)
        await acme(python).update("wide", 5, True, False)
        found = acme(python).inspect("wide")
    assert (found.global_value, found.global_language_value) == (5, 3)
    assert (found.workspace_value, found.workspace_language_value) == (4, None)


async def test_what_may_not_be_another_one_in_each_folder_is_changed_for_the_workspace(ada: SessionContext) -> None:
    inside = vscode.Uri.file("/home/lib/a.py")
    with ada.entered():
        vscode.workspace.update_workspace_folders(1, 0, {"uri": vscode.Uri.file("/home/lib")})
        await write(ada, {"acme.near": "lib"}, "/home/lib/.vscode/settings.json")
        await acme(inside).update("greeting", "all")
        await acme(inside).update("near", "here")
        greeting, near = acme(inside).inspect("greeting"), acme(inside).inspect("near")
    assert (greeting.workspace_value, greeting.workspace_folder_value) == ("all", None)
    assert (near.workspace_value, near.workspace_folder_value) == (None, "here")


async def test_what_is_the_machines_or_the_users_own_no_folder_can_set(ada: SessionContext) -> None:
    theirs = {"acme.machine": "theirs", "acme": {"machine": "theirs"}, "budgets.day": 1e9, "budgets": {"day": 1}}
    await write(ada, theirs)
    with ada.entered():
        assert acme().get("machine") == "here"
        assert ada.settings.get("budgets.day") is None
        with pytest.raises(InvalidValue, match="set it for the target 'global'"):
            await acme().update("machine", "x", WORKSPACE)
        with pytest.raises(InvalidValue, match="cannot be set for one folder"):
            vscode.workspace.update_workspace_folders(1, 0, {"uri": vscode.Uri.file("/home/lib")})
            await ada.get(Configurations).refresh()
            await acme(vscode.Uri.file("/home/lib/a.py")).update("greeting", "x", FOLDER)
        await acme().update("machine", "there", GLOBAL)
        assert acme().get("machine") == "there"


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("nothing", 1, "not a registered setting"),
        ("greeting", 5, "must be of type string"),
        ("wide", "x", "must be of type number"),
        ("", 1, "key: must be 1 to"),
        ("a\0b", 1, "registered"),
        ("x" * 1_000_000, 1, "registered"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    ada: SessionContext, key: str, value: object, rule: str
) -> None:
    with ada.entered():
        with pytest.raises(InvalidValue, match=rule if key else "registered"):
            await acme().update(key, value, True)
        with pytest.raises(InvalidValue):
            await acme().update("greeting", "x", 7)  # type: ignore[arg-type]
        assert ada.settings.own("global") == {}


async def test_null_is_a_value_only_where_the_setting_may_be_null(ada: SessionContext) -> None:
    with ada.entered():
        await acme().update("near", None, True)
        await acme().update("greeting", None, True)
    assert ada.settings.own("global") == {"acme.near": None}


async def test_a_broken_file_keeps_its_last_word_and_is_not_written_over(ada: SessionContext) -> None:
    await write(ada, {"acme.greeting": "good"})
    await write(ada, '{"acme.greeting": "ba')
    with ada.entered():
        assert acme().get("greeting") == "good"
        assert "line 1" in (ada.settings.file.mistake or "") if ada.settings.file else False
        with pytest.raises(FileSystemError, match="correct it first"):
            await acme().update("greeting", "x", WORKSPACE)
        assert acme().get("greeting") == "good"
    assert await ada.files.read(FILE) == b'{"acme.greeting": "ba'


async def test_a_further_folder_has_settings_of_its_own(ada: SessionContext) -> None:
    inside, outside = vscode.Uri.file("/home/lib/a.py"), vscode.Uri.file("/workspace/a.py")
    with ada.entered():
        vscode.workspace.update_workspace_folders(1, 0, {"uri": vscode.Uri.file("/home/lib")})
        await write(ada, {"acme.near": "lib", "acme.greeting": "no"}, "/home/lib/.vscode/settings.json")
        await acme().update("near", "all", WORKSPACE)
        assert (acme(inside).get("near"), acme(outside).get("near"), acme().get("near")) == ("lib", "all", "all")
        assert acme(inside).get("greeting") == "hello"
        assert acme(inside).inspect("near").workspace_folder_value == "lib"
        heard: list[vscode.ConfigurationChangeEvent] = []
        vscode.workspace.on_did_change_configuration(heard.append)
        await acme(inside).update("near", "new", FOLDER)
        assert acme(inside).get("near") == "new"
        (event,) = heard
        assert event.affects_configuration("acme.near", inside)
        assert not event.affects_configuration("acme.near", outside)


async def test_the_one_folders_settings_are_the_workspaces_where_a_resource_of_it_is_asked_for(
    ada: SessionContext,
) -> None:
    file = vscode.Uri.file("/workspace/a.py")
    with ada.entered():
        await acme(file).update("near", "here", FOLDER)
        within, without = acme(file).inspect("near"), acme().inspect("near")
        outside = acme(vscode.Uri.file("/home/a.py")).inspect("near")
    assert (within.workspace_value, within.workspace_folder_value) == ("here", "here")
    assert (without.workspace_value, without.workspace_folder_value) == ("here", None)
    assert outside.workspace_folder_value is None


async def test_whoever_listens_learns_what_a_change_affects(ada: SessionContext) -> None:
    heard: list[vscode.ConfigurationChangeEvent] = []
    python, ruby = {"language_id": "python"}, {"language_id": "ruby"}
    with ada.entered():
        vscode.workspace.on_did_change_configuration(heard.append)
        await acme().update("greeting", "x", True)
        await acme().update("greeting", "x", True)
        await acme(python).update("wide", 1, True, True)
        await write(ada, {"acme.greeting": "x"})
        await eventually(lambda: len(heard) == 3)
    first, second, _ = heard
    for section, affected in (
        ("acme", True),
        ("acme.greeting", True),
        ("acme.greet", False),
        ("acme.greeting.x", False),
    ):
        assert first.affects_configuration(section) is affected
    assert not first.affects_configuration("acme.wide")
    assert first.affects_configuration("acme.greeting", python)
    assert second.affects_configuration("acme.wide", python)
    assert second.affects_configuration("acme.wide")
    assert not second.affects_configuration("acme.wide", ruby)


async def test_a_change_that_a_nearer_layer_hides_is_told_for_a_scope_too(ada: SessionContext) -> None:
    heard: list[vscode.ConfigurationChangeEvent] = []
    with ada.entered():
        await acme().update("greeting", "near", WORKSPACE)
        vscode.workspace.on_did_change_configuration(heard.append)
        await acme().update("greeting", "far", True)
        (event,) = heard
        assert acme().get("greeting") == "near"
    assert event.affects_configuration("acme.greeting")
    assert event.affects_configuration("acme.greeting", vscode.Uri.file("/workspace/a.py"))


async def test_the_settings_there_always_are(ada: SessionContext) -> None:
    with ada.entered():
        assert vscode.workspace.get_configuration("files").get("exclude")["**/.git"] is True
        with pytest.raises(InvalidValue, match="must be of type integer or number"):
            await vscode.workspace.get_configuration("editor").update("tabSize", True, True)


async def test_a_link_out_of_the_users_world_is_no_settings_file(ada: SessionContext, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"acme.greeting": "stolen"}')
    place = tmp_path / "data/users/ada/root/workspace/.vscode"
    place.mkdir(parents=True)
    (place / "settings.json").symlink_to(secret)
    await ada.get(Configurations).refresh()
    with ada.entered():
        assert acme().get("greeting") == "hello"


async def test_a_settings_file_that_a_shell_writes_is_told_to_who_listens(ada: SessionContext, tmp_path: Path) -> None:
    heard: list[bool] = []
    with ada.entered():
        vscode.workspace.on_did_change_configuration(
            lambda event: heard.append(event.affects_configuration("files.eol"))
        )
        place = tmp_path / "data/users/ada/root/workspace/.vscode"
        for value in ("\\r\\n", "\\n"):
            await asyncio.to_thread(place.mkdir, exist_ok=True)
            await asyncio.to_thread((place / "settings.json").write_text, f'{{"files.eol": "{value}"}}')
            await eventually(lambda: heard)
            assert heard.pop() is True
            assert vscode.workspace.get_configuration("files").get("eol") == value.encode().decode("unicode_escape")
        await asyncio.to_thread((place / "settings.json").unlink)
        await eventually(lambda: heard)
        assert vscode.workspace.get_configuration("files").get("eol") == "auto"
