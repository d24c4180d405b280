"""Small values that belong to no namespace of the API: icons, colours, commands, patterns, tabs, tree items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Protocol, Self, TypeAlias

from sessions.errors import InvalidValue
from shim.enums import QuickInputButtonLocation, TreeItemCheckboxState, TreeItemCollapsibleState
from shim.markdown import MarkdownString
from shim.uri import Uri, as_uri
from shim.values import Value, as_text, readonly, value


@value
class Command(Value):
    """A command to run when the thing that carries it is chosen."""

    title: str
    command: str
    tooltip: str | None = None
    arguments: Sequence[Any] | None = None


@readonly
class ThemeColor(Value):
    """A colour of the user's theme, such as `editor.background`."""

    id: str


@readonly
class ThemeIcon(Value):
    """An icon of the theme, such as `check`; FILE and FOLDER are those of the file icon theme."""

    id: str
    color: ThemeColor | None = None

    FILE: ClassVar[ThemeIcon]
    FOLDER: ClassVar[ThemeIcon]


ThemeIcon.FILE = ThemeIcon("file")
ThemeIcon.FOLDER = ThemeIcon("folder")


@readonly
class LightAndDark(Value):
    """An icon of two files, for light themes and for dark ones (`{light, dark}` in VS Code)."""

    light: Uri
    dark: Uri


IconPath: TypeAlias = Uri | LightAndDark | ThemeIcon


@readonly
class Color(Value):
    """A colour; each part from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float


@readonly
class AccessibilityInformation(Value):
    """What a screen reader says of an item."""

    label: str
    role: str | None = None


@readonly
class QuickInputButton(Value):
    """A button of a quick pick or an input box."""

    icon_path: IconPath
    tooltip: str | None = None
    location: QuickInputButtonLocation | None = None
    toggle: bool | None = None
    """Whether it is checked, if it is one that can be (`{checked}` in VS Code)."""


class Kind(Value):
    """A path of words with dots between; each kind is about all that begins with it."""

    value: str

    def append(self, *parts: str) -> Self:
        """A kind below this one."""
        return type(self)(".".join((self.value, *parts) if self.value else parts))

    def contains(self, other: Kind) -> bool:
        """Whether `other` is this kind or below it."""
        return self.value == other.value or other.value.startswith(f"{self.value}.")

    def intersects(self, other: Kind) -> bool:
        """Whether one of the two contains the other."""
        return self.contains(other) or other.contains(self)


class QuickInputButtons:
    """Buttons that are the same everywhere."""

    BACK: ClassVar[QuickInputButton] = QuickInputButton(ThemeIcon("arrow-left"))


class HasUri(Protocol):
    """A workspace folder, as far as a pattern goes."""

    @property
    def uri(self) -> Uri: ...


class RelativePattern(Value):
    """A glob pattern for what lies below a folder; `base` and `base_uri` are two views of that folder."""

    _fields = ("base_uri", "base", "pattern")

    def __init__(self, base: HasUri | Uri | str, pattern: str) -> None:
        self.base_uri = Uri.file(base) if isinstance(base, str) else as_uri(getattr(base, "uri", base), "base")
        if not isinstance(pattern, str):
            raise InvalidValue("pattern", f"must be a string, not {type(pattern).__name__}")
        self.pattern = pattern

    @property
    def base(self) -> str:
        return self.base_uri.fs_path

    @base.setter
    def base(self, path: str) -> None:
        self.base_uri = Uri.file(path)


@value
class FileDecoration(Value):
    """How the explorer marks a file."""

    badge: str | None = None
    tooltip: str | None = None
    color: ThemeColor | None = None
    propagate: bool | None = None


@value
class TreeItemLabel(Value):
    """A label with highlighted parts, each a pair of a start and an end."""

    label: str
    highlights: Sequence[tuple[int, int]] | None = None


@value
class TreeItem(Value):
    """A row of a tree view, of a label or of a resource."""

    label: str | TreeItemLabel | None = None
    collapsible_state: TreeItemCollapsibleState = TreeItemCollapsibleState.NONE
    resource_uri: Uri | None = None
    id: str | None = None
    icon_path: str | IconPath | None = None
    description: str | bool | None = None
    tooltip: str | MarkdownString | None = None
    command: Command | None = None
    context_value: str | None = None
    checkbox_state: TreeItemCheckboxState | None = None
    accessibility_information: AccessibilityInformation | None = None

    def __init__(self, label: str | TreeItemLabel | Uri | None = None, *args: Any, **kwargs: Any) -> None:
        if isinstance(label, Uri):
            super().__init__(None, *args, resource_uri=label, **kwargs)
        else:
            super().__init__(label, *args, **kwargs)


@value
class TerminalLink(Value):
    """A part of a terminal's line that can be clicked."""

    start_index: int
    length: int
    tooltip: str | None = None

    def check(self) -> None:
        for name, number, least in (("start_index", self.start_index, 0), ("length", self.length, 1)):
            if not isinstance(number, int) or number < least:
                raise InvalidValue(name, f"must be a whole number, {least} or more, not {number!r}")


@value
class TerminalProfile(Value):
    """How a contributed terminal is made: the options of `window.create_terminal`."""

    options: Any


@readonly
class TabInputText(Value):
    """A tab with a text file."""

    uri: Uri


@readonly
class TabInputTextDiff(Value):
    """A tab with two texts side by side."""

    original: Uri
    modified: Uri


@readonly
class TabInputCustom(Value):
    """A tab with a custom editor."""

    uri: Uri
    view_type: str


@readonly
class TabInputWebview(Value):
    """A tab with a webview."""

    view_type: str


@readonly
class TabInputNotebook(Value):
    """A tab with a notebook."""

    uri: Uri
    notebook_type: str


@readonly
class TabInputNotebookDiff(Value):
    """A tab with two notebooks side by side."""

    original: Uri
    modified: Uri
    notebook_type: str


@readonly
class TabInputTerminal(Value):
    """A tab with a terminal."""


@readonly
class TelemetryTrustedValue(Value):
    """A value that telemetry need not clean."""

    value: Any


@readonly
class DataTransferItem(Value):
    """One form of what is dragged or pasted."""

    value: Any

    async def as_string(self) -> str:
        """The value as text; one that is no text as JSON."""
        if isinstance(self.value, str):
            return self.value
        import orjson

        return orjson.dumps(self.value).decode()

    def as_file(self) -> None:
        """No file here: only an editor's own items have one."""


class DataTransfer:
    """What is dragged or pasted, by MIME type in small letters."""

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[tuple[str, DataTransferItem]] = ()) -> None:
        self._items: dict[str, list[DataTransferItem]] = {}
        for mime_type, item in items:
            self._items.setdefault(_mime(mime_type), []).append(item)

    def get(self, mime_type: str) -> DataTransferItem | None:
        """The first item of that type."""
        return next(iter(self._items.get(_mime(mime_type), ())), None)

    def set(self, mime_type: str, item: DataTransferItem) -> None:
        """Put `item` in place of all of that type."""
        self._items[_mime(mime_type)] = [item]

    def for_each(self, call: Callable[[DataTransferItem, str, DataTransfer], object]) -> None:
        for mime_type, item in self:
            call(item, mime_type, self)

    def __iter__(self) -> Iterator[tuple[str, DataTransferItem]]:
        return ((mime_type, item) for mime_type, items in list(self._items.items()) for item in items)


def _mime(mime_type: str) -> str:
    return as_text(mime_type, "mime_type").lower()
