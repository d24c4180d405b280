"""The text in files that are no text: notebooks and PDFs. It takes time: call it in a thread."""

from __future__ import annotations

import importlib.util
import io
import json
import time
from typing import Any

from extensions.coder.output_text import truncate_output
from extensions.coder.tool import ToolError

OUTPUT_CHARS = 2_000
"""Characters of one cell's output."""

MOST_PAGES = 500
MOST_CHARS = 2_000_000
PATIENCE_SECONDS = 20.0

CONVERTED = (
    (".docx", "pandoc -t markdown"), (".odt", "pandoc -t markdown"), (".rtf", "pandoc -t markdown"),
    (".epub", "pandoc -t markdown"), (".doc", "soffice --convert-to txt"), (".ppt", "soffice --convert-to pdf"),
    (".pptx", "soffice --convert-to pdf"), (".xlsx", "python with openpyxl"), (".xls", "soffice --convert-to csv"),
    (".ods", "soffice --convert-to csv"),
)  # fmt: skip


def refuse_office(name: str) -> None:
    """Raise `ToolError` of an office document: it says what turns one into text."""
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


def _pages(reader: Any) -> str:
    """The pages until they are too many, too long, or take too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    parts: list[str] = []
    size = 0
    for number, page in enumerate(reader.pages, 1):
        if number > MOST_PAGES or size > MOST_CHARS or time.monotonic() > until:
            parts.append(f"[the pages from {number} on are left out]")
            break
        parts.append(f"[page {number}]\n{page.extract_text()}")
        size += len(parts[-1])
    return "\n\n".join(parts) if any(part.partition("\n")[2].strip() for part in parts) else ""
