"""The variables of snippets: what they stand for at one place of a document. Names and values are VS Code's.

Those of comments have no value: no language here says how it writes them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from secrets import randbelow
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from shim.clipboard import Clip
from shim.document import TextDocument
from shim.folders import Folders
from shim.ranges import Position, Range
from shim.snippets import Value

if TYPE_CHECKING:
    from sessions.context import SessionContext

Named: TypeAlias = tuple[str, Value | None]

_LINE_END = re.compile(r"\r\n|\r|\n")
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def variables(session: SessionContext, document: TextDocument, places: Iterable[Range]) -> Iterator[dict[str, Value]]:
    """What each variable stands for in a snippet that is put in place of a range: for each of these.

    One that has no value is not in it: its default stands there.
    """
    everywhere = (*_of_file(session, document), *_of_now(), *_of_chance())
    for index, place in enumerate(places):
        named = (*everywhere, *_of_place(document, document.validate_range(place), index))
        yield {name: value for name, value in named if value is not None}


def _of_place(document: TextDocument, place: Range, index: int) -> Iterator[Named]:
    selected, line = document.get_text(place), place.end.line
    for name in ("TM_SELECTED_TEXT", "SELECTION"):
        yield name, _indented(selected, document.line_at(place.start).text[: place.start.character])
    yield "TM_CURRENT_LINE", document.line_at(line).text
    yield "TM_CURRENT_WORD", lambda _: _word(document, place.end)
    yield "TM_LINE_INDEX", str(line)
    yield "TM_LINE_NUMBER", str(line + 1)
    yield "CURSOR_INDEX", str(index)
    yield "CURSOR_NUMBER", str(index + 1)


def _word(document: TextDocument, place: Position) -> str | None:
    found = document.get_word_range_at_position(place)
    return None if found is None else document.get_text(found)


def _indented(selected: str, before: str) -> Value | None:
    """What is selected, its lines after the first as much further to the right as the variable is than that was."""
    if not selected or not _LINE_END.search(selected):
        return selected or None

    def value(written: str) -> str:
        further = _further(_indent(before), _indent(written or before))
        return _LINE_END.sub(lambda end: end[0] + further, selected)

    return value


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip(" \t"))]


def _further(was: str, now: str) -> str:
    """What an indent has that the one before had not."""
    common = next((at for at, (one, other) in enumerate(zip(was, now, strict=False)) if one != other), len(was))
    return now[common:]


def _of_file(session: SessionContext, document: TextDocument) -> Iterator[Named]:
    folders, path = session.get(Folders), document.uri.fs_path
    name, directory = posixpath.basename(path), posixpath.dirname(path)
    yield "TM_FILENAME", name
    yield "TM_FILENAME_BASE", name[: name.rindex(".")] if name.rfind(".") > 0 else name
    yield "TM_DIRECTORY", directory
    yield "TM_DIRECTORY_BASE", posixpath.basename(directory)
    yield "TM_FILEPATH", path
    yield "RELATIVE_FILEPATH", folders.relative(document.uri, False)
    yield "WORKSPACE_NAME", folders.name
    yield "WORKSPACE_FOLDER", folders.all[0].uri.fs_path if len(folders.all) == 1 else None
    yield "CLIPBOARD", session.get(Clip).text or None


def _of_now() -> Iterator[Named]:
    now = datetime.now().astimezone()
    for name, form in (
        ("YEAR", "%Y"), ("YEAR_SHORT", "%y"), ("MONTH", "%m"), ("DATE", "%d"), ("HOUR", "%H"), ("MINUTE", "%M"),
        ("SECOND", "%S"),
    ):  # fmt: skip
        yield f"CURRENT_{name}", now.strftime(form)
    day, month = _DAYS[int(now.strftime("%w"))], _MONTHS[now.month - 1]
    yield "CURRENT_DAY_NAME", day
    yield "CURRENT_DAY_NAME_SHORT", day[:3]
    yield "CURRENT_MONTH_NAME", month
    yield "CURRENT_MONTH_NAME_SHORT", month[:3]
    yield "CURRENT_MILLISECOND", f"{now.microsecond // 1000:03}"
    yield "CURRENT_SECONDS_UNIX", str(int(now.timestamp()))
    yield "CURRENT_MILLISECONDS_UNIX", str(int(now.timestamp() * 1000))
    offset = now.strftime("%z")
    yield "CURRENT_TIMEZONE_OFFSET", f"{offset[:3]}:{offset[3:5]}"


def _of_chance() -> Iterator[Named]:
    yield "RANDOM", lambda _: f"{randbelow(10**6):06}"
    yield "RANDOM_HEX", lambda _: f"{randbelow(16**6):06x}"
    yield "UUID", lambda _: str(uuid4())
