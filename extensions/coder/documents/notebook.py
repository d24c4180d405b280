"""Notebooks of Jupyter: their cells, each below a line that says its number and kind."""

from __future__ import annotations

import json
from typing import Any

from extensions.coder.documents import Unreadable
from extensions.coder.output_text import truncate_output

OUTPUT_CHARS = 2_000
"""Characters of one cell's output."""


def text_of(content: bytes) -> str:
    """Raises `Unreadable`."""
    try:
        cells = json.loads(content)["cells"]
        return "\n\n".join(_cell(number, cell) for number, cell in enumerate(cells, 1))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable(f"it is no notebook of Jupyter ({error})") from None


def _cell(number: int, cell: dict[str, Any]) -> str:
    parts = [f"# %% cell {number} ({cell.get('cell_type', 'unknown')})", _joined(cell.get("source"))]
    for output in cell.get("outputs") or ():
        if text := _output(output):
            parts += ["# output:", truncate_output(text, max_chars=OUTPUT_CHARS)]
    return "\n".join(parts)


def _output(output: dict[str, Any]) -> str:
    if output.get("output_type") == "stream":
        return _joined(output.get("text")).rstrip("\n")
    if output.get("output_type") == "error":
        return f"{output.get('ename')}: {output.get('evalue')}"
    data = output.get("data") or {}
    plain = _joined(data.get("text/plain"))
    others = [kind for kind in data if kind != "text/plain"]
    return plain or (f"[{', '.join(others)}]" if others else "")


def _joined(lines: object) -> str:
    return "".join(map(str, lines)) if isinstance(lines, list) else str(lines or "")
