"""`extension.toml`: what an extension says of itself, in VS Code's words in snake_case. No code of it runs here."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from host.contributions import (
    DEBUGGER,
    NOTEBOOK,
    ChatParticipant,
    Command,
    Configuration,
    Contributes,
    Keybinding,
    Language,
    MenuItem,
    Property,
    Route,
    Submenu,
    TaskDefinition,
    Text,
    Tool,
    View,
    ViewsContainer,
    ViewWelcome,
    ruled,
)
from host.schema import Part, empty_value
from sessions.errors import RoostError
from shim import proposed

FILE = "extension.toml"
LARGEST = 1024 * 1024
"""Bytes of a manifest."""

NAMED = (
    *("onCommand", "onView", "onLanguage", "onAuthenticationRequest", "onTaskType", "onFileSystem", "onWebviewPanel"),
    *("onChatParticipant", "onLanguageModelTool", "workspaceContains"),
)
"""Activation events that name what they are about after a colon."""

PLAIN = ("*", "onStartupFinished", "onUri", "onLanguage", "onBackground")

REFUSED_EVENTS = {
    **dict.fromkeys(("onDebug", "onDebugResolve", "onDebugInitialConfigurations"), DEBUGGER),
    **dict.fromkeys(("onDebugAdapterProtocolTracker", "onDebugDynamicConfigurations"), DEBUGGER),
    **dict.fromkeys(("onNotebook", "onRenderer"), NOTEBOOK),
    "onCustomEditor": "there are no custom editors here",
    "onEditSession": "there are no edit sessions here",
    "onIssueReporterOpened": "there is no issue reporter here",
    "onTerminalProfile": "terminals have no profiles here",
    "onTerminalShellIntegration": "use onStartupFinished",
    "onWalkthrough": "there are no walkthroughs here",
    "onOpenExternalUri": "use onUri",
    "onSearch": "there are no search providers here",
}
"""VS Code's activation events that never happen here, and why."""

RESERVED = (
    *("authentication", "commands", "comments", "debug", "env", "extensions", "host", "languages", "lm", "mailbox"),
    *("scm", "secrets", "session", "state", "tasks", "terminal", "tests", "window", "workspace"),
)
"""Names that no extension may have: its events would pass for the host's own."""


class ManifestError(RoostError):
    """A manifest breaks its rules; `problems` has one line for each: `file: key: rule; way out`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
Name = Annotated[str, ruled(NAME, "must be 1 to 64 letters, digits, '-' or '_'; write it as in 'hello-world'")]
Id = Annotated[str, ruled(rf"{NAME}\.{NAME}", "must be 'publisher.name'; write the other extension's id")]
Version = Annotated[str, ruled(r"\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?", "must be three numbers; write it as in '1.0.0'")]
Main = Annotated[
    str,
    ruled(
        r"(?:[^\W\d]\w*/)*[^\W\d]\w*\.py",
        "must be a .py file in the extension's folder whose parts are Python names; write it as in 'extension.py'",
    ),
]


def _event(given: object) -> object:
    """Whether a text is an activation event that can happen here."""
    name, _, about = given.partition(":") if isinstance(given, str) else ("*", "", "")
    if given in PLAIN or not isinstance(given, str) or (name in NAMED and about and about == about.strip()):
        return given
    if name in REFUSED_EVENTS:
        raise ValueError(f"'{name}' never happens: {REFUSED_EVENTS[name]}; remove it")
    named = ", ".join(f"{one}:<{'glob' if one == 'workspaceContains' else 'id'}>" for one in NAMED)
    raise ValueError(f"is no activation event; choose among {', '.join(PLAIN)}, {named}")


Event = Annotated[str, BeforeValidator(_event)]


class Manifest(Part):
    """One extension's manifest."""

    name: Name
    publisher: Name
    version: Version
    display_name: Text | None = None
    description: Text | None = None
    main: Main = "extension.py"
    """The file that has `activate(context)`, relative to the extension's folder."""
    activation_events: list[Event] = Field(default_factory=list)
    extension_dependencies: list[Id] = Field(default_factory=list)
    """Activated before it; without them it is left out."""
    extension_pack: list[Id] = Field(default_factory=list)
    """Meant to be installed with it; the log names those that are not."""
    enabled_api_proposals: list[Text] = Field(default_factory=list)
    shared: bool = False
    """One set of modules for all users: only for code that keeps nothing of a user in them."""
    contributes: Contributes = Contributes()
    categories: list[Text] = Field(default_factory=list)
    keywords: list[Text] = Field(default_factory=list)
    engines: dict[Text, Text] = Field(default_factory=dict)
    icon: Text | None = None
    license: Text | None = None
    homepage: Text | None = None
    repository: Text | None = None
    preview: bool = False

    @model_validator(mode="after")
    def _adds_up(self) -> Manifest:
        if self.name.lower() in RESERVED:
            raise ValueError(f"name: '{self.name}' is the host's own; choose another")
        for proposal in self.enabled_api_proposals:
            if proposal not in proposals():
                known = ", ".join(proposals())
                raise ValueError(f"enabled_api_proposals: there is no '{proposal}'; choose among {known}")
        if self.contributes.routes and "http" not in self.enabled_api_proposals:
            raise ValueError("contributes.routes: is of the proposal 'http'; add it to enabled_api_proposals")
        for command in self.commands:
            if self.commands.count(command) > 1:
                raise ValueError(f"contributes.commands: '{command}' is there twice; keep one")
        return self

    @property
    def id(self) -> str:
        """`publisher.name`, as it is written; compare ids without regard to case."""
        return f"{self.publisher}.{self.name}"

    @cached_property
    def commands(self) -> list[str]:
        """The ids of the contributed commands."""
        return [one.command for one in self.contributes.commands]

    @cached_property
    def events(self) -> frozenset[str]:
        """The activation events, with those that VS Code makes of what is contributed: `onCommand` of commands, ..."""
        return frozenset(self.activation_events) | frozenset(self._implied())

    def _implied(self) -> Iterator[str]:
        adds = self.contributes
        yield from (f"onCommand:{command}" for command in self.commands)
        yield from (f"onView:{view.id}" for views in adds.views.values() for view in views)
        yield from (f"onLanguage:{language.id}" for language in adds.languages)
        yield from (f"onAuthenticationRequest:{provider.id}" for provider in adds.authentication)
        yield from (f"onTaskType:{definition.type}" for definition in adds.task_definitions)
        yield from (f"onLanguageModelTool:{tool.name}" for tool in adds.language_model_tools)
        yield from (f"onChatParticipant:{participant.id}" for participant in adds.chat_participants)

    @cached_property
    def views(self) -> frozenset[str]:
        """The ids of its contributed views; showing one activates it, as in VS Code."""
        return frozenset(view.id for views in self.contributes.views.values() for view in views)

    @cached_property
    def settings(self) -> dict[str, Property]:
        """The contributed settings by their whole dotted name."""
        given = self.contributes.configuration
        parts = given if isinstance(given, list) else [given]
        return {key: one for part in parts for key, one in part.properties.items()}

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What each contributed setting is where nobody set it; without a `default`, the empty value of its type."""
        return {
            key: one.default if "default" in one.model_fields_set else empty_value(one)
            for key, one in self.settings.items()
        }

    def package_json(self) -> dict[str, Any]:
        """The manifest as VS Code's `packageJSON`: camelCase keys, what the file says, and `main`. A fresh dict."""
        return {**self.model_dump(by_alias=True, exclude_unset=True, mode="json"), "main": self.main}


def proposals() -> list[str]:
    """The names of the proposed APIs that there are: the modules of `shim.proposed`."""
    return sorted(module.name for module in iter_modules(proposed.__path__))


def read(folder: Path) -> Manifest:
    """The manifest of the extension in `folder`. Raises `ManifestError` with one line for each mistake."""
    file = folder / FILE
    document = _document(file)
    if problems := [f"{file}: {key}: {rule}" for key, rule in _not_json(document)]:
        raise ManifestError(problems)
    try:
        manifest = Manifest.model_validate(document)
    except ValidationError as error:
        lines = error.errors(include_url=False, include_input=False, include_context=False)
        raise ManifestError([f"{file}: {_told(dict(one))}" for one in lines]) from None
    if not (folder / manifest.main).is_file():
        raise ManifestError(
            [f"{file}: main: there is no file '{manifest.main}' beside it; make it or correct the name"]
        )
    return manifest


def _document(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > LARGEST:
            raise ManifestError([f"{file}: file: may have {LARGEST} bytes; move what is long into files of its own"])
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError([f"{file}: file: cannot be read ({error.strerror}); make it readable"]) from None
    except UnicodeDecodeError:
        raise ManifestError([f"{file}: file: must be UTF-8; save it as UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ManifestError([f"{file}: file: is not TOML ({error}); see https://toml.io"]) from None
    except RecursionError:
        raise ManifestError([f"{file}: file: is nested too deep; make it flat"]) from None


def _not_json(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """What TOML can say and JSON, which clients read, cannot: dates, infinity, not-a-number."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from _not_json(inner, f"{key}.{_printable(name)}" if key else _printable(name))
        case list():
            for index, inner in enumerate(value):
                yield from _not_json(inner, f"{key}[{index}]")
        case float() if not math.isfinite(value):
            yield key, "must be a finite number; write it as a string or leave it out"
        case None | bool() | int() | float() | str():
            return
        case _:
            yield key, "must not be a date or time; write it as a string"


def _told(error: dict[str, Any]) -> str:
    key = _where(error["loc"])
    match error["type"]:
        case "extra_forbidden":
            near = get_close_matches(str(error["loc"][-1]), _known(), 1, 0.65)
            return f"{key}: is unknown; " + (f"did you mean '{near[0]}'?" if near else "remove it")
        case "missing":
            return f"{key}: is missing; add it"
        case "value_error":
            words = str(error["msg"]).removeprefix("Value error, ")
            return f"{key}: {words}" if key else words
        case _:
            words = str(error["msg"]).replace("Input should be", "must be").replace("should", "must")
            return f"{key}: {words[0].lower()}{words[1:]}; correct it or remove the key"


def _known() -> list[str]:
    parts: tuple[type[Part], ...] = (
        Manifest,
        Contributes,
        Command,
        Configuration,
        Property,
        Keybinding,
        MenuItem,
        View,
        Language,
    )
    parts += (Submenu, ViewsContainer, ViewWelcome, TaskDefinition, Tool, ChatParticipant, Route)
    return [name for part in parts for name in part.model_fields]


def _where(place: tuple[int | str, ...]) -> str:
    words = ""
    for one in place:
        if isinstance(one, int):
            words += f"[{one}]"
        elif one != "[key]" and not one.startswith("("):  # marks of pydantic, and of `OneOrMany`
            words += f".{_printable(one)}" if words else _printable(one)
    return words


def _printable(name: str) -> str:
    return name if name.isprintable() else ascii(name)
