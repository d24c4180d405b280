"""Changes that are asked for: `TextEdit`, `WorkspaceEdit`, `SnippetString`. Nothing here changes a text or a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from sessions.errors import InvalidValue
from shim.enums import EndOfLine
from shim.ranges import AnyPosition, AnyRange, Position, Range, as_position, as_range
from shim.uri import Uri, as_uri
from shim.values import Value, as_text, readonly, value

_SPECIAL = re.compile(r"[$}\\]")
_SPECIAL_IN_DEFAULT = re.compile(r"[$}]")
_SPECIAL_IN_CHOICE = re.compile(r"[|\\,]")


@value
class TextEdit(Value):
    """Put `new_text` in place of `range`, or end all lines with `new_eol`."""

    range: Range
    new_text: str
    new_eol: EndOfLine | None = None

    def __init__(self, range: AnyRange, new_text: str | None = None) -> None:
        self.range = as_range(range, "range")
        self.new_text = as_text(new_text, "new_text")

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse by `InvalidValue` what its constructor would."""
        if name == "range":
            value = as_range(value, name)
        elif name == "new_text":
            value = as_text(value, name)
        elif name == "new_eol" and value not in (None, *EndOfLine):
            raise InvalidValue("new_eol", "must be an EndOfLine")
        super().__setattr__(name, value)

    @staticmethod
    def replace(range: AnyRange, new_text: str) -> TextEdit:
        return TextEdit(range, new_text)

    @staticmethod
    def insert(position: AnyPosition, new_text: str) -> TextEdit:
        return TextEdit(_empty_range(position), new_text)

    @staticmethod
    def delete(range: AnyRange) -> TextEdit:
        return TextEdit(range, "")

    @staticmethod
    def set_end_of_line(eol: EndOfLine) -> TextEdit:
        edit = TextEdit(_empty_range(Position(0, 0)), "")
        edit.new_eol = EndOfLine(eol)
        return edit


class SnippetString:
    """Text with places to fill in, in TextMate's syntax; each `append_` gives this string again."""

    __slots__ = ("_tabstop", "value")

    def __init__(self, value: str | None = None) -> None:
        self.value = as_text(value, "value")
        self._tabstop = 1

    def append_text(self, string: str) -> SnippetString:
        return self._append(_SPECIAL.sub(r"\\\g<0>", string))

    def append_tabstop(self, number: int | None = None) -> SnippetString:
        return self._append(f"${self._numbered(number)}")

    def append_placeholder(
        self, value: str | Callable[[SnippetString], object], number: int | None = None
    ) -> SnippetString:
        """A tabstop with text in it, or with a snippet that the function makes. Its number comes before theirs."""
        own = self._numbered(number)
        inner = _SPECIAL.sub(r"\\\g<0>", value) if isinstance(value, str) else self._nested(value)
        return self._append(f"${{{own}:{inner}}}")

    def append_choice(self, values: Sequence[str], number: int | None = None) -> SnippetString:
        choices = ",".join(_SPECIAL_IN_CHOICE.sub(r"\\\g<0>", choice) for choice in values)
        return self._append(f"${{{self._numbered(number)}|{choices}|}}")

    def append_variable(
        self, name: str, default_value: str | Callable[[SnippetString], object] | None = None
    ) -> SnippetString:
        inner = default_value or ""
        inner = _SPECIAL_IN_DEFAULT.sub(r"\\\g<0>", inner) if isinstance(inner, str) else self._nested(inner)
        return self._append(f"${{{name}:{inner}}}" if inner else f"${{{name}}}")

    def _append(self, text: str) -> SnippetString:
        self.value += text
        return self

    def _numbered(self, number: int | None) -> int:
        if number is not None:
            return number
        self._tabstop += 1
        return self._tabstop - 1

    def _nested(self, fill: Callable[[SnippetString], object]) -> str:
        nested = SnippetString()
        nested._tabstop = self._tabstop
        fill(nested)
        self._tabstop = nested._tabstop
        return nested.value

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value}

    def __repr__(self) -> str:
        return f"SnippetString({self.value!r})"


@value
class SnippetTextEdit(Value):
    """Put a snippet in place of `range`."""

    range: Range
    snippet: SnippetString
    keep_whitespace: bool | None = None

    @staticmethod
    def replace(range: Range, snippet: SnippetString) -> SnippetTextEdit:
        return SnippetTextEdit(range, snippet)

    @staticmethod
    def insert(position: Position, snippet: SnippetString) -> SnippetTextEdit:
        return SnippetTextEdit(_empty_range(position), snippet)


@readonly
class WorkspaceEditEntryMetadata(Value):
    """What to tell the user of an edit, and whether to ask them first."""

    label: str
    needs_confirmation: bool = False
    description: str | None = None
    icon_path: object = None


@readonly
class FileEdit(Value):
    """A file to create (`old` is None), to delete (`new` is None) or to rename."""

    old: Uri | None
    new: Uri | None
    overwrite: bool = False
    ignore_if_exists: bool = False
    ignore_if_not_exists: bool = False
    recursive: bool = False
    contents: bytes | None = None
    metadata: WorkspaceEditEntryMetadata | None = None


@readonly
class ResourceEdit(Value):
    """A change of the text of one resource."""

    uri: Uri
    edit: TextEdit | SnippetTextEdit
    metadata: WorkspaceEditEntryMetadata | None = None


AnyTextEdit: TypeAlias = TextEdit | SnippetTextEdit


class WorkspaceEdit:
    """Changes of several resources and files, in the order in which they were asked for.

    `has`, `get`, `entries` and `size` are about text edits only; `steps` is everything.
    """

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: list[FileEdit | ResourceEdit] = []

    @property
    def steps(self) -> Sequence[FileEdit | ResourceEdit]:
        """All that is to be done, one after the other."""
        return tuple(self._steps)

    @property
    def size(self) -> int:
        """How many resources have text edits."""
        return len(self.entries())

    def replace(
        self, uri: Uri, range: AnyRange, new_text: str, metadata: WorkspaceEditEntryMetadata | None = None
    ) -> None:
        self._steps.append(ResourceEdit(as_uri(uri, "uri"), TextEdit(range, new_text), metadata))

    def insert(
        self, uri: Uri, position: AnyPosition, new_text: str, metadata: WorkspaceEditEntryMetadata | None = None
    ) -> None:
        self.replace(uri, _empty_range(position), new_text, metadata)

    def delete(self, uri: Uri, range: AnyRange, metadata: WorkspaceEditEntryMetadata | None = None) -> None:
        self.replace(uri, range, "", metadata)

    def has(self, uri: Uri) -> bool:
        return any(str(candidate) == str(uri) for candidate, _ in self.entries())

    def get(self, uri: Uri) -> list[TextEdit]:
        return [edit for candidate, edits in self.entries() if str(candidate) == str(uri) for edit in edits]

    def set(
        self,
        uri: Uri,
        edits: Iterable[AnyTextEdit | tuple[AnyTextEdit, WorkspaceEditEntryMetadata | None]] | None = None,
    ) -> None:
        """Add these edits, or pairs of an edit and its metadata, to those of `uri`; None removes all of them."""
        if edits is None:
            self._steps = [step for step in self._steps if isinstance(step, FileEdit) or str(step.uri) != str(uri)]
            return
        for item in filter(None, edits):
            edit, metadata = item if isinstance(item, tuple | list) else (item, None)
            if not isinstance(edit, TextEdit | SnippetTextEdit):
                raise InvalidValue("edits", f"must be TextEdits or SnippetTextEdits, not {type(edit).__name__}")
            self._steps.append(ResourceEdit(as_uri(uri, "uri"), edit, metadata))

    def entries(self) -> list[tuple[Uri, list[TextEdit]]]:
        """Each resource with its text edits, in the order of their first ones."""
        found: dict[str, tuple[Uri, list[TextEdit]]] = {}
        for step in self._steps:
            if isinstance(step, ResourceEdit) and isinstance(step.edit, TextEdit):
                found.setdefault(str(step.uri), (step.uri, []))[1].append(step.edit)
        return list(found.values())

    def create_file(
        self,
        uri: Uri,
        *,
        overwrite: bool = False,
        ignore_if_exists: bool = False,
        contents: bytes | None = None,
        metadata: WorkspaceEditEntryMetadata | None = None,
    ) -> None:
        """Make a file; where there is one, `overwrite` wins over `ignore_if_exists`; without both it is refused."""
        new = as_uri(uri, "uri")
        self._steps.append(
            FileEdit(
                None, new, overwrite=overwrite, ignore_if_exists=ignore_if_exists, contents=contents, metadata=metadata
            )
        )

    def delete_file(
        self,
        uri: Uri,
        *,
        recursive: bool = False,
        ignore_if_not_exists: bool = False,
        metadata: WorkspaceEditEntryMetadata | None = None,
    ) -> None:
        """Remove a file, or with `recursive` a folder with all in it."""
        gone = as_uri(uri, "uri")
        self._steps.append(
            FileEdit(gone, None, recursive=recursive, ignore_if_not_exists=ignore_if_not_exists, metadata=metadata)
        )

    def rename_file(
        self,
        old_uri: Uri,
        new_uri: Uri,
        *,
        overwrite: bool = False,
        ignore_if_exists: bool = False,
        metadata: WorkspaceEditEntryMetadata | None = None,
    ) -> None:
        """Move a file or folder; `overwrite` and `ignore_if_exists` as in `create_file`."""
        old, new = as_uri(old_uri, "old_uri"), as_uri(new_uri, "new_uri")
        self._steps.append(
            FileEdit(old, new, overwrite=overwrite, ignore_if_exists=ignore_if_exists, metadata=metadata)
        )

    def to_json(self) -> list[Any]:
        return [[uri, edits] for uri, edits in self.entries()]

    def __repr__(self) -> str:
        return f"WorkspaceEdit({self._steps!r})"


def _empty_range(at: AnyPosition) -> Range:
    position = as_position(at, "position")
    return Range(position, position)
