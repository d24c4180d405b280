"""The text in files that are no text: notebooks, office documents and PDFs. It takes time: call it in a thread."""

from __future__ import annotations

import importlib.util
import io
import json
import time
from typing import Any

from extensions.coder import office
from extensions.coder.output_text import truncate_output
from extensions.coder.tool import ToolError

OUTPUT_CHARS = 2_000
"""Characters of one cell's output."""

MOST_PAGES = 500
MOST_CHARS = 2_000_000
PATIENCE_SECONDS = 10.0

CONVERTED = (
    (".odt", "pandoc -t markdown"), (".rtf", "pandoc -t markdown"),
    (".epub", "pandoc -t markdown"), (".doc", "soffice --convert-to txt"), (".ppt", "soffice --convert-to pdf"),
    (".xls", "soffice --convert-to csv"),
    (".ods", "soffice --convert-to csv"),
)  # fmt: skip


def is_extracted(name: str) -> bool:
    """Whether the text of such a file is taken out of it here."""
    return name.lower().endswith((".ipynb", ".pdf")) or office.reader_of(name) is not None


def extracted(name: str, content: bytes) -> str:
    """The text of a file that `is_extracted`. Raises `ToolError`."""
    if name.lower().endswith(".ipynb"):
        return notebook(name, content)
    if name.lower().endswith(".pdf"):
        return pdf(name, content)
    try:
        return office.text_of(name, content)
    except office.Unreadable as error:
        raise ToolError(f"{name}: its text cannot be read: {error}; try to convert it with execute_command") from None


def refuse_office(name: str) -> None:
    """Raise `ToolError` of an office document that is not read here: it says what turns one into text."""
    for ending, way in CONVERTED:
        if name.lower().endswith(ending):
            raise ToolError(
                f"{name}: a {ending} file is not read here; turn it into text with execute_command (`{way}`), "
                "then read that"
            )


def notebook(name: str, content: bytes) -> str:
    """The cells of a Jupyter notebook, each below a line that says its number and kind. Raises `ToolError`."""
    try:
        cells = json.loads(content)["cells"]
        return "\n\n".join(_cell(number, cell) for number, cell in enumerate(cells, 1))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ToolError(f"{name}: this is no notebook of Jupyter ({error}); look at it with execute_command") from None


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


def has_pdf() -> bool:
    """Whether the extra that reads PDFs is installed."""
    return importlib.util.find_spec("pypdf") is not None


def pdf(name: str, content: bytes) -> str:
    """The text of a PDF, page by page. Raises `ToolError`, also of one that holds only pictures."""
    if not has_pdf():
        raise ToolError(
            f"{name}: PDFs are read where the host has its extra `documents`, which is missing here; "
            "try `pdftotext` with execute_command, or ask the operator for it"
        )
    from pypdf import PdfReader  # 10 MiB, needed by few
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ToolError(f"{name}: this PDF needs a password; ask the user for its text")
        text = _pages(reader)
    except ToolError:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OSError) as error:
        raise ToolError(f"{name}: this PDF cannot be read ({error}); try `pdftotext` with execute_command") from None
    if not text.strip():
        raise ToolError(f"{name}: this PDF holds no text, perhaps only scanned pictures; ask the user for its text")
    return text


class TooSlow(Exception):
    """A page takes longer than anybody waits for it."""


def _pages(reader: Any) -> str:
    """The pages until they are too many, too long, or take too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    parts: list[str] = []
    size = 0

    def look(*_: object) -> None:
        if time.monotonic() > until:
            raise TooSlow

    for number, page in enumerate(reader.pages, 1):
        if number > MOST_PAGES or size > MOST_CHARS or time.monotonic() > until:
            parts.append(f"[the pages from {number} on are left out]")
            break
        try:
            text = page.extract_text(visitor_operand_before=look)
        except TooSlow:
            parts.append(f"[the pages from {number} on are left out]")
            break
        parts.append(f"[page {number}]\n{text}")
        size += len(parts[-1])
    return "\n\n".join(parts) if any(part.partition("\n")[2].strip() for part in parts) else ""
