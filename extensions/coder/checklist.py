"""A todo list as the agent writes it: a Markdown checklist read into items and back. Text in, values out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

Status = Literal["pending", "in_progress", "completed"]

ITEM = re.compile(r"^(?:-\s*)?\[\s*([ xX\-~])\s*\]\s+(.+)$")
MARKS: tuple[tuple[str, Status], ...] = (("xX", "completed"), ("-~", "in_progress"), (" ", "pending"))


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do."""

    content: str
    status: Status

    @property
    def id(self) -> str:
        """The same for the same text and status."""
        return hashlib.md5(f"{self.content}{self.status}".encode(), usedforsecurity=False).hexdigest()


def parse_checklist(text: str) -> list[Todo]:
    """The items of a checklist, in order; lines that are none are left out."""
    found = (ITEM.match(line.strip()) for line in re.split(r"\r?\n", text))
    return [Todo(item[2].strip(), _status(item[1])) for item in found if item]


def _status(mark: str) -> Status:
    return next(status for marks, status in MARKS if mark in marks)


def write_checklist(todos: list[Todo]) -> str:
    """The items as a checklist."""
    marks = {"completed": "x", "in_progress": "-", "pending": " "}
    return "\n".join(f"[{marks[todo.status]}] {todo.content}" for todo in todos)
