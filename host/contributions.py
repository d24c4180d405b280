"""`contributes` of a manifest: what an extension adds without running. It checks words, and gives them no effect."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from host.schema import OneOrMany, Part, Schema, mistake


def ruled(pattern: str, words: str) -> BeforeValidator:
    """Let a string match the whole of `pattern`; the error is `words`."""
    whole = re.compile(pattern)

    def check(value: object) -> object:
        if isinstance(value, str) and not whole.fullmatch(value):
            raise ValueError(words)
        return value

    return BeforeValidator(check)


Text = Annotated[str, Field(min_length=1, max_length=1_024)]
Setting = Annotated[
    str, ruled(r"[\w-]+(?:\.[\w-]+)+", "must be dotted words; begin with the extension's name: 'hello.greeting'")
]


class Themed(Part):
    """An icon for light pages and one for dark ones."""

    light: Text
    dark: Text


Icon = Annotated[
    Annotated[Text, Tag("(name)")] | Annotated[Themed, Tag("(themed)")],
    Discriminator(lambda value: "(themed)" if isinstance(value, dict | Themed) else "(name)"),
]
"""A codicon such as `$(rocket)`, a file, or one file for each kind of page."""


class Command(Part):
    """`contributes.commands`: a command that users see before the extension runs."""

    command: Text
    title: Text
    short_title: Text | None = None
    category: Text | None = None
    icon: Icon | None = None
    enablement: Text | None = None


class Property(Schema):
    """`contributes.configuration.properties`: one setting."""

    scope: Literal["application", "machine", "machine-overridable", "window", "resource", "language-overridable"] = (
        "window"
    )
    order: int | None = None
    tags: list[Text] | None = None
    edit_presentation: Literal["singlelineText", "multilineText"] | None = None
    ignore_sync: bool | None = None

    def mistake(self, value: object) -> str | None:
        """The first rule that a value breaks, as words to follow the setting's name."""
        return mistake(value, self)

    @model_validator(mode="after")
    def _default_fits(self) -> Property:
        if "default" in self.model_fields_set and (rule := mistake(self.default, self)):
            raise ValueError(f"its default {rule}; change the default or the rule")
        return self


class Configuration(Part):
    """`contributes.configuration`: settings under a title."""

    title: Text | None = None
    order: int | None = None
    properties: dict[Setting, Property] = Field(default_factory=dict)


class Keybinding(Part):
    command: Text
    key: Text
    mac: Text | None = None
    linux: Text | None = None
    win: Text | None = None
    when: Text | None = None
    args: Any = None


class MenuItem(Part):
    """`contributes.menus.<place>`: a command or a submenu in a place."""

    command: Text | None = None
    submenu: Text | None = None
    alt: Text | None = None
    group: Text | None = None
    when: Text | None = None

    @model_validator(mode="after")
    def _has_one(self) -> MenuItem:
        if (self.command is None) == (self.submenu is None):
            raise ValueError("must have either command or submenu; keep one of them")
        return self


class View(Part):
    id: Text
    name: Text
    type: Literal["tree", "webview"] = "tree"
    when: Text | None = None
    icon: Icon | None = None
    contextual_title: Text | None = None
    visibility: Literal["visible", "hidden", "collapsed"] | None = None
    initial_size: float | None = None


class Language(Part):
    id: Text
    aliases: list[Text] = Field(default_factory=list)
    extensions: list[Text] = Field(default_factory=list)
    filenames: list[Text] = Field(default_factory=list)
    filename_patterns: list[Text] = Field(default_factory=list)
    first_line: Text | None = None
    mimetypes: list[Text] = Field(default_factory=list)
    configuration: Text | None = None
    icon: Themed | None = None


class Contributes(Part):
    """What the extension adds without running."""

    commands: list[Command] = Field(default_factory=list)
    configuration: OneOrMany[Configuration] = Field(default_factory=list)
    keybindings: list[Keybinding] = Field(default_factory=list)
    menus: dict[Text, list[MenuItem]] = Field(default_factory=dict)
    views: dict[Text, list[View]] = Field(default_factory=dict)
    languages: list[Language] = Field(default_factory=list)
