"""extension.toml: what is accepted, what VS Code's names for it are, and one line for each mistake."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from host.contributions import Property
from host.manifest import LARGEST, RESERVED, Manifest, ManifestError, proposals, read

HEAD = 'name = "hello"\npublisher = "acme"\nversion = "1.0.0"\n'

WHOLE = """
name = "hello"
publisher = "acme"
version = "1.2.3-beta.4"
display_name = "Hello"
description = "Greets."
main = "src/main.py"
activation_events = [
  "*", "onStartupFinished", "onCommand:other.x", "onView:hello.v", "onUri", "workspaceContains:**/*.py",
]
extension_dependencies = ["acme.base"]
enabled_api_proposals = ["events", "sessions"]
shared = true

[[contributes.commands]]
command = "hello.greet"
title = "Greet"
short_title = "G"
category = "Hello"
icon = { light = "l.svg", dark = "d.svg" }
enablement = "hello.on"

[[contributes.commands]]
command = "hello.wave"
title = "Wave"
icon = "$(rocket)"

[contributes.configuration]
title = "Hello"
[contributes.configuration.properties."hello.times"]
type = "integer"
default = 2
minimum = 1
description = "How often."
scope = "resource"
[contributes.configuration.properties."hello.names"]
type = ["array", "null"]
items = { type = "string", max_length = 5 }
default = ["you"]
[contributes.configuration.properties."hello.style"]
type = "string"
enum = ["short", "long"]
enum_descriptions = ["One word.", "More."]

[[contributes.keybindings]]
command = "hello.greet"
key = "ctrl+h"
mac = "cmd+h"
when = "editorTextFocus"
args = { name = "you" }

[[contributes.menus."editor/title"]]
command = "hello.greet"
group = "navigation"

[[contributes.views.explorer]]
id = "hello.v"
name = "Hello"
type = "webview"

[[contributes.languages]]
id = "hello"
extensions = [".hello"]
filename_patterns = ["*.hi"]
first_line = "^#!hello"
"""


def written(folder: Path, text: str, main: str = "extension.py") -> Path:
    (folder / main).parent.mkdir(parents=True, exist_ok=True)
    (folder / main).touch()
    (folder / "extension.toml").write_text(text, encoding="utf-8")
    return folder


def mistakes(folder: Path, text: str) -> list[str]:
    """The lines of what is wrong with a manifest, without the file's name before them."""
    with pytest.raises(ManifestError) as refused:
        read(written(folder, text))
    start = f"{folder}/extension.toml: "
    assert all(line.startswith(start) for line in refused.value.problems)
    assert str(refused.value).splitlines() == refused.value.problems, "a problem is one line"
    return [line.removeprefix(start) for line in refused.value.problems]


def test_the_least_manifest_has_a_name_a_publisher_and_a_version(tmp_path: Path) -> None:
    manifest = read(written(tmp_path, HEAD))
    assert (manifest.id, manifest.main, manifest.shared) == ("acme.hello", "extension.py", False)
    assert manifest.events == frozenset()
    assert manifest.package_json() == {"name": "hello", "publisher": "acme", "version": "1.0.0", "main": "extension.py"}


def test_every_key_is_read_and_has_vs_codes_name_in_package_json(tmp_path: Path) -> None:
    manifest = read(written(tmp_path, WHOLE, "src/main.py"))
    package = manifest.package_json()
    assert json.loads(json.dumps(package)) == package
    assert package["displayName"] == "Hello"
    assert package["activationEvents"][0] == "*"
    assert package["enabledApiProposals"] == ["events", "sessions"]
    assert package["extensionDependencies"] == ["acme.base"]
    contributes = package["contributes"]
    assert contributes["commands"][0] == {
        "command": "hello.greet",
        "title": "Greet",
        "shortTitle": "G",
        "category": "Hello",
        "icon": {"light": "l.svg", "dark": "d.svg"},
        "enablement": "hello.on",
    }
    properties = contributes["configuration"]["properties"]
    assert properties["hello.names"]["items"] == {"type": "string", "maxLength": 5}
    assert properties["hello.style"]["enumDescriptions"] == ["One word.", "More."]
    assert contributes["menus"] == {"editor/title": [{"command": "hello.greet", "group": "navigation"}]}
    assert contributes["keybindings"][0]["args"] == {"name": "you"}
    assert contributes["languages"][0]["filenamePatterns"] == ["*.hi"]


def test_the_package_json_is_ones_own(tmp_path: Path) -> None:
    manifest = read(written(tmp_path, WHOLE, "src/main.py"))
    manifest.package_json()["contributes"]["commands"].clear()
    assert len(manifest.package_json()["contributes"]["commands"]) == 2


def test_a_contributed_command_wakes_its_extension(tmp_path: Path) -> None:
    manifest = read(written(tmp_path, WHOLE, "src/main.py"))
    assert {"onCommand:hello.greet", "onCommand:hello.wave", "onCommand:other.x", "*"} <= manifest.events
    assert manifest.commands == ["hello.greet", "hello.wave"]


@pytest.mark.parametrize(
    ("rules", "default"),
    [
        ('type = "boolean"', False),
        ('type = "integer"', 0),
        ('type = "number"', 0),
        ('type = "string"', ""),
        ('type = "array"', []),
        ('type = "object"', {}),
        ('type = "null"', None),
        ('type = ["null", "string"]', None),
        ('description = "anything"', None),
        ('type = "boolean"\ndefault = true', True),
        ('type = "number"\ndefault = 1', 1),
        ('type = "integer"\ndefault = 1.0', 1.0),
        ('enum = ["a", 1, true]\ndefault = true', True),
    ],
)
def test_a_setting_has_a_default_as_in_vs_code(tmp_path: Path, rules: str, default: Any) -> None:
    text = f'{HEAD}[contributes.configuration.properties."hello.x"]\n{rules}\n'
    assert read(written(tmp_path, text)).defaults == {"hello.x": default}


def test_settings_may_be_in_several_groups(tmp_path: Path) -> None:
    group = '[[contributes.configuration]]\ntitle = "{0}"\nproperties = {{ "hello.{0}" = {{ default = {1} }} }}\n'
    manifest = read(written(tmp_path, HEAD + group.format("a", 1) + group.format("b", 2)))
    assert manifest.defaults == {"hello.a": 1, "hello.b": 2}
    assert isinstance(manifest.settings["hello.a"], Property)


COMMAND = '[[contributes.commands]]\ncommand = "hello.a"\n'
SETTING = '[contributes.configuration.properties."hello.x"]\n'
FIX = "correct it or remove the key"
KINDS = "'string', 'number', 'integer', 'boolean', 'array', 'object' or 'null'"
FINITE = "must be a finite number; write it as a string or leave it out"

IN_GENERAL = [
    ("nonsense = 1", "nonsense: is unknown; remove it"),
    ('displayname = "x"', "displayname: is unknown; did you mean 'display_name'?"),
    ('activationEvents = ["*"]', "activationEvents: is unknown; did you mean 'activation_events'?"),
    ('"a\\nb" = 1', "'a\\nb': is unknown; remove it"),
    ("shared = 1", f"shared: must be a valid boolean; {FIX}"),
    ('shared = "true"', f"shared: must be a valid boolean; {FIX}"),
    ("description = 3", f"description: must be a valid string; {FIX}"),
    ('description = ""', f"description: string must have at least 1 character; {FIX}"),
    ("contributes = 3", f"contributes: must be a valid dictionary or instance of Contributes; {FIX}"),
    ('activation_events = "*"', f"activation_events: must be a valid list; {FIX}"),
    ("released = 2024-01-01", "released: must not be a date or time; write it as a string"),
    ("x = [{y = 10:00:00}]", "x[0].y: must not be a date or time; write it as a string"),
    (
        'enabled_api_proposals = ["telepathy"]',
        f"enabled_api_proposals: there is no 'telepathy'; choose among {', '.join(proposals())}",
    ),
    (
        'extension_dependencies = ["base"]',
        "extension_dependencies[0]: must be 'publisher.name'; write the other extension's id",
    ),
    ('main = "missing.py"', "main: there is no file 'missing.py' beside it; make it or correct the name"),
    ("x = ", "file: is not TOML (Invalid value (at end of document)); see https://toml.io"),
    ('name = "x"', "file: is not TOML (Cannot overwrite a value (at end of document)); see https://toml.io"),
]

IN_CONTRIBUTIONS = [
    (COMMAND, "commands[0].title: is missing; add it"),
    (f'{COMMAND}title = "x"\ntitel = "y"', "commands[0].titel: is unknown; did you mean 'title'?"),
    (f'{COMMAND}title = "x"\nicon = 3', f"commands[0].icon: must be a valid string; {FIX}"),
    (f'{COMMAND}title = "x"\nicon = {{ light = "l" }}', "commands[0].icon.dark: is missing; add it"),
    (f'{COMMAND}title = "x"\n{COMMAND}title = "y"', "commands: 'hello.a' is there twice; keep one"),
    ('[[contributes.menus.x]]\nwhen = "y"', "menus.x[0]: must have either command or submenu; keep one of them"),
    (
        '[[contributes.menus.x]]\ncommand = "y"\nsubmenu = "z"',
        "menus.x[0]: must have either command or submenu; keep one of them",
    ),
    (
        '[[contributes.views.x]]\nid = "y"\nname = "z"\ntype = "chart"',
        f"views.x[0].type: must be 'tree' or 'webview'; {FIX}",
    ),
    (
        "[contributes.configuration.properties.greeting]",
        "configuration.properties.greeting: must be dotted words; begin with the extension's name: 'hello.greeting'",
    ),
]

IN_SETTINGS = [
    ("default = nan", f".default: {FINITE}"),
    ("minimum = inf", f".minimum: {FINITE}"),
    ("minimun = 1", ".minimun: is unknown; did you mean 'minimum'?"),
    ('type = "text"', f".type: must be {KINDS}; {FIX}"),
    ('type = ["string", "text"]', f".type[1]: must be {KINDS}; {FIX}"),
    (
        'pattern = "("',
        ".pattern: is no regular expression (missing ), unterminated subpattern at position 0); correct it",
    ),
    ("items = { enum = [] }", f".items.enum: list must have at least 1 item after validation, not 0; {FIX}"),
    ('type = "integer"\ndefault = "2"', ": its default must be of type integer; change the default or the rule"),
    ('type = "integer"\ndefault = true', ": its default must be of type integer; change the default or the rule"),
    ("enum = [1]\ndefault = true", ": its default must be one of 1; change the default or the rule"),
    ("minimum = 3\ndefault = 2", ": its default must be at least 3; change the default or the rule"),
    (
        'items = { type = "string" }\ndefault = ["a", 1]',
        ": its default [1] must be of type string; change the default or the rule",
    ),
]

REFUSED_THINGS = [
    ("contributes.debuggers = []", "contributes: debuggers: has no effect: there is no debugger here; remove it"),
    (
        "[[contributes.snippets]]\nlanguage = 'x'",
        "contributes: snippets: has no effect: "
        "snippets are not offered here; register a completion provider; remove it",
    ),
    (
        'activation_events = ["onDebugResolve:x"]',
        "activation_events[0]: 'onDebugResolve' never happens: there is no debugger here; remove it",
    ),
    ("[[contributes.authentication]]\nid = 'x'", "contributes.authentication[0].label: is missing; add it"),
    (
        "[[contributes.language_model_tools]]\nname = 'a b'\ndisplay_name = 'x'\nmodel_description = 'y'",
        "contributes.language_model_tools[0].name: must be 1 to 64 letters, digits, '-' or '_'; "
        "write it as in 'hello_find'",
    ),
    (
        "contributes.views_containers.sidebar = []",
        f"contributes.views_containers.sidebar: must be 'activitybar', 'panel' or 'secondary_sidebar'; {FIX}",
    ),
]

WRONG = [
    *((HEAD + text, line) for text, line in REFUSED_THINGS),
    *((HEAD + text, line) for text, line in IN_GENERAL),
    *((HEAD + text, f"contributes.{line}") for text, line in IN_CONTRIBUTIONS),
    *((HEAD + SETTING + text, f"contributes.configuration.properties.hello.x{line}") for text, line in IN_SETTINGS),
]


@pytest.mark.parametrize(("text", "line"), WRONG)
def test_a_mistake_is_one_line_with_key_rule_and_way_out(tmp_path: Path, text: str, line: str) -> None:
    assert mistakes(tmp_path, text) == [line]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    names = ["name", "publisher", "version"]
    assert mistakes(tmp_path, "") == [f"{name}: is missing; add it" for name in names]


@pytest.mark.parametrize("name", ["", "a b", "Ünï", "a.b", "a/b", "-a", "_a", "x" * 65, "a\n"])
@pytest.mark.parametrize("key", ["name", "publisher"])
def test_a_name_is_letters_digits_and_dashes(tmp_path: Path, key: str, name: str) -> None:
    head = {"name": "hello", "publisher": "acme", "version": "1.0.0", key: name}
    (line,) = mistakes(tmp_path, "".join(f"{key} = {json.dumps(value)}\n" for key, value in head.items()))
    assert line == f"{key}: must be 1 to 64 letters, digits, '-' or '_'; write it as in 'hello-world'"


@pytest.mark.parametrize("name", [*RESERVED, "Workspace"])
def test_a_name_that_the_hosts_own_events_have_is_refused(tmp_path: Path, name: str) -> None:
    (line,) = mistakes(tmp_path, HEAD.replace("hello", name))
    assert line == f"name: '{name}' is the host's own; choose another"


@pytest.mark.parametrize("version", ["1", "1.0", "1.0.0.0", "v1.0.0", "1.0.x", "1.0.0 "])
def test_a_version_is_three_numbers(tmp_path: Path, version: str) -> None:
    (line,) = mistakes(tmp_path, HEAD.replace("1.0.0", version))
    assert line == "version: must be three numbers; write it as in '1.0.0'"


@pytest.mark.parametrize(
    "main",
    ["../x.py", "/etc/x.py", "a/../x.py", "x.js", ".py", "a-b.py", "1.py", "a//b.py", "./x.py", "a b.py", "x.py/"],
)
def test_the_main_file_is_python_inside_the_folder(tmp_path: Path, main: str) -> None:
    (line,) = mistakes(tmp_path, f'{HEAD}main = "{main}"')
    assert line.startswith("main: must be a .py file in the extension's folder")


@pytest.mark.parametrize(
    "event",
    ["", "onFoo", "onCommand", "onCommand:", "onCommand: x", "onUri:x", "onstartupfinished", "**", "onView: ", "x*"],
)
def test_an_activation_event_is_one_that_there_is(tmp_path: Path, event: str) -> None:
    (line,) = mistakes(tmp_path, f'{HEAD}activation_events = ["*", "{event}"]')
    assert line.startswith("activation_events[1]: is no activation event; choose among *, onStartupFinished")


def test_several_mistakes_are_several_lines(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, 'name = "a b"\nversion = 1\nx = 1\n[[contributes.commands]]\n')) == 6


def test_a_manifest_that_is_missing_or_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file or directory"):
        read(tmp_path)
    (tmp_path / "extension.toml").mkdir()
    with pytest.raises(ManifestError, match="Is a directory"):
        read(tmp_path)


def test_a_manifest_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    written(tmp_path, HEAD)
    (tmp_path / "extension.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ManifestError, match="must be UTF-8"):
        read(tmp_path)


def test_a_manifest_that_is_huge_is_not_read(tmp_path: Path) -> None:
    written(tmp_path, HEAD)
    os.truncate(tmp_path / "extension.toml", LARGEST + 1)
    with pytest.raises(ManifestError, match=f"may have {LARGEST} bytes"):
        read(tmp_path)


def test_a_manifest_that_is_nested_without_end_is_told(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "x = " + "[" * 50_000) == ["file: is nested too deep; make it flat"]


def test_a_manifest_cannot_be_changed(tmp_path: Path) -> None:
    manifest = read(written(tmp_path, HEAD))
    with pytest.raises(ValueError, match="frozen"):
        manifest.name = "other"


def test_the_proposals_are_the_modules_that_there_are() -> None:
    folder = Path(__file__).parents[2] / "shim" / "proposed"
    assert proposals() == sorted(file.stem for file in folder.glob("*.py") if file.stem != "__init__")
    assert Manifest.model_fields.keys() >= {"enabled_api_proposals"}


def test_what_is_contributed_wakes_its_extension(tmp_path: Path) -> None:
    text = """
        contributes.commands = [{ command = "hello.greet", title = "Greet" }]
        contributes.views.explorer = [{ id = "hello.v", name = "V" }]
        contributes.languages = [{ id = "hello-lang" }]
        contributes.authentication = [{ id = "hello", label = "Hello" }]
        contributes.task_definitions = [{ type = "make" }]
        contributes.chat_participants = [{ id = "hello.chat", name = "hello" }]
        contributes.language_model_tools = [{ name = "find", display_name = "Find", model_description = "Finds." }]
        activation_events = ["onLanguage:python", "onFileSystem:ftp", "onWebviewPanel:x"]
    """
    (tmp_path / "extension.toml").write_text(HEAD + text)
    (tmp_path / "extension.py").touch()
    assert read(tmp_path).events == {
        "onCommand:hello.greet",
        "onView:hello.v",
        "onLanguage:hello-lang",
        "onAuthenticationRequest:hello",
        "onTaskType:make",
        "onChatParticipant:hello.chat",
        "onLanguageModelTool:find",
        "onLanguage:python",
        "onFileSystem:ftp",
        "onWebviewPanel:x",
    }
