"""`contributes` of a manifest: what an extension adds without running. It checks words, and gives them no effect."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

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
DOTTED = r"[\w-]+(?:\.[\w-]+)+"
Setting = Annotated[str, ruled(DOTTED, "must be dotted words; begin with the extension's name: 'hello.greeting'")]
Defaulted = Annotated[
    str,
    ruled(rf"{DOTTED}|(?:\[[^\[\]]+\])+", "must be dotted words, as 'hello.greeting', or languages, as '[python]'"),
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


class Submenu(Part):
    """`contributes.submenus`: a menu that items of other menus open."""

    id: Text
    label: Text
    icon: Icon | None = None


class ViewsContainer(Part):
    """`contributes.views_containers.<place>`: where views are shown together."""

    id: Text
    title: Text
    icon: Text


class ViewWelcome(Part):
    """`contributes.views_welcome`: what an empty view says."""

    view: Text
    contents: Text
    when: Text | None = None
    group: Text | None = None
    enablement: Text | None = None


class TaskDefinition(Part):
    """`contributes.task_definitions`: what a task of a type says of itself."""

    type: Text
    required: list[Text] = Field(default_factory=list)
    properties: dict[str, Schema] = Field(default_factory=dict)
    when: Text | None = None


class Provider(Part):
    """`contributes.authentication` and the like: something that the extension provides under an id."""

    id: Text
    label: Text


class ModelProvider(Part):
    """`contributes.language_model_chat_providers`: models that the extension brings."""

    vendor: Text
    display_name: Text
    management_command: Text | None = None


class Tool(Part):
    """`contributes.language_model_tools`: a tool for models; `input_schema` is JSON Schema, taken as it is."""

    name: Annotated[
        str, ruled(r"[\w-]{1,64}", "must be 1 to 64 letters, digits, '-' or '_'; write it as in 'hello_find'")
    ]
    display_name: Text
    model_description: Annotated[str, Field(min_length=1, max_length=16_384)]
    user_description: Text | None = None
    input_schema: dict[str, Any] | None = None
    can_be_referenced_in_prompt: bool | None = None
    tool_reference_name: Text | None = None
    tags: list[Text] | None = None
    icon: Icon | None = None
    when: Text | None = None


class ChatCommand(Part):
    name: Text
    description: Text | None = None
    is_sticky: bool | None = None
    when: Text | None = None


class ChatParticipant(Part):
    """`contributes.chat_participants`: somebody to talk to."""

    id: Text
    name: Text
    full_name: Text | None = None
    description: Text | None = None
    is_sticky: bool | None = None
    when: Text | None = None
    commands: list[ChatCommand] = Field(default_factory=list)


DEBUGGER = "there is no debugger here"
NOTEBOOK = "there are no notebooks here"
LOOKS = "how texts look is the clients' own matter here"

REFUSED = {
    **dict.fromkeys(("breakpoints", "debuggers", "debug_visualizers"), DEBUGGER),
    **dict.fromkeys(("notebooks", "notebook_renderer", "notebook_preload"), NOTEBOOK),
    **dict.fromkeys(("colors", "grammars", "icon_themes", "icons", "product_icon_themes", "themes"), LOOKS),
    **dict.fromkeys(("semantic_token_modifiers", "semantic_token_scopes", "semantic_token_types"), LOOKS),
    **dict.fromkeys(("problem_matchers", "problem_patterns"), "outputs of tasks are not read for problems here"),
    "custom_editors": "there are no custom editors here; make a webview panel",
    "json_validation": "JSON files are not validated here; set diagnostics",
    "resource_label_formatters": "labels are the clients' own matter here",
    "snippets": "snippets are not offered here; register a completion provider",
    "terminal": "terminals have no profiles here; create them by window.create_terminal",
    "typescript_server_plugins": "no TypeScript server runs here",
    "walkthroughs": "there are no walkthroughs here; make a webview",
}
"""What VS Code's manifests may contribute and these may not, and why."""


class Route(Part):
    """`contributes.routes`, of the proposal `http`: a command as a route of the host, for the user who asks."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: Annotated[
        str,
        ruled(
            r"/api/v1(?:/(?:[a-z0-9._-]+|\{[A-Za-z]\w*\}))+", "must begin with /api/v1/ and have plain parts or {names}"
        ),
    ]
    command: Text
    title: Text = ""
    body: Text | None = None
    """The schema of its JSON body, by its name in `contributes.schemas`."""
    query: Text | None = None
    answer: Text | None = None
    status: int = 200


class Contributes(Part):
    """What the extension adds without running."""

    commands: list[Command] = Field(default_factory=list)
    configuration: OneOrMany[Configuration] = Field(default_factory=list)
    configuration_defaults: dict[Defaulted, Any] = Field(default_factory=dict)
    """What settings are where nobody set them; in a table of a language, such as `[python]`, what they are for it."""
    keybindings: list[Keybinding] = Field(default_factory=list)
    menus: dict[Text, list[MenuItem]] = Field(default_factory=dict)
    submenus: list[Submenu] = Field(default_factory=list)
    views: dict[Text, list[View]] = Field(default_factory=dict)
    views_containers: dict[Literal["activitybar", "panel", "secondary_sidebar"], list[ViewsContainer]] = Field(
        default_factory=dict
    )
    views_welcome: list[ViewWelcome] = Field(default_factory=list)
    languages: list[Language] = Field(default_factory=list)
    authentication: list[Provider] = Field(default_factory=list)
    task_definitions: list[TaskDefinition] = Field(default_factory=list)
    language_model_tools: list[Tool] = Field(default_factory=list)
    language_model_chat_providers: list[ModelProvider] = Field(default_factory=list)
    mcp_server_definition_providers: list[Provider] = Field(default_factory=list)
    chat_participants: list[ChatParticipant] = Field(default_factory=list)
    routes: list[Route] = Field(default_factory=list)
    schemas: dict[Text, dict[str, Any]] = Field(default_factory=dict)
    """JSON schemas that routes name."""

    @field_validator("configuration_defaults")
    @classmethod
    def _languages_have_settings(cls, given: dict[str, Any]) -> dict[str, Any]:
        for name, said in given.items():
            if name.startswith("[") and not (isinstance(said, dict) and all(re.fullmatch(DOTTED, one) for one in said)):
                raise ValueError(f"{name} must be a table of settings by their names")
        return given

    @model_validator(mode="after")
    def _routes_add_up(self) -> Contributes:
        commands = {one.command for one in self.commands}
        for route in self.routes:
            if route.command not in commands:
                raise ValueError(f"routes: there is no command '{route.command}' in contributes.commands; add it")
            for name in (route.body, route.query, route.answer):
                if name is not None and name not in self.schemas:
                    raise ValueError(f"routes: there is no '{name}' in contributes.schemas; add it")
        return self

    @model_validator(mode="before")
    @classmethod
    def _none_refused(cls, given: Any) -> Any:
        for key in given if isinstance(given, dict) else ():
            if key in REFUSED:
                raise ValueError(f"{key}: has no effect: {REFUSED[key]}; remove it")
        return given
