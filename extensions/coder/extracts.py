"""The text in files that are no text: notebooks, office documents and PDFs. A process in the user's sandbox reads them.

Whoever made such a file is not trusted: what its reader takes of memory and time, it takes there.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from extensions.coder.tool import ToolError
from shim.proposed import processes

HERE = Path(__file__).parent
NAMES = "extensions.coder"
PROGRAM = f"{NAMES}.documents.program"
ENDINGS = frozenset({".ipynb", ".pdf", ".docx", ".docm", ".dotx", ".xlsx", ".xlsm", ".pptx", ".pptm"})
ENDING, REFUSED = "ROOST_ENDING", 3
"""As in `documents.program`, which is not imported here."""

SECONDS = 30.0
KEPT_BYTES = 12 << 20
"""More than the characters that each reader gives at most."""

CONVERTED = (
    (".odt", "pandoc -t markdown"), (".rtf", "pandoc -t markdown"),
    (".epub", "pandoc -t markdown"), (".doc", "soffice --convert-to txt"), (".ppt", "soffice --convert-to pdf"),
    (".xls", "soffice --convert-to csv"),
    (".ods", "soffice --convert-to csv"),
)  # fmt: skip


def is_extracted(name: str) -> bool:
    """Whether the text of such a file is taken out of it here."""
    return _ending(name) in ENDINGS


def _ending(name: str) -> str:
    return posixpath.splitext(name)[1].lower()


async def extracted(name: str, content: bytes) -> str:
    """The text of a file that `is_extracted`. Raises `ToolError`."""
    modules = await asyncio.to_thread(_modules)
    try:
        ended = await processes.run_python(
            modules, PROGRAM, env={ENDING: _ending(name)}, stdin=content, timeout=SECONDS, keep=KEPT_BYTES
        )
    except processes.Failure as error:
        raise ToolError(f"{name}: its text is read by a process of yours, and none can be started: {error}") from None
    text = await asyncio.to_thread(ended.output.decode, "utf-8", "replace")
    if ended.exit_code == 0:
        return text
    raise ToolError(f"{name}: its text cannot be read: {_reason(ended, text)}; try to convert it with execute_command")


def _reason(ended: processes.Finished, text: str) -> str:
    if ended.timed_out:
        return f"that takes longer than {SECONDS:g} s"
    if ended.exit_code == REFUSED:
        return text
    if ended.exit_code == 127:
        return "there is no python3 where your commands run"
    last = text.strip().rpartition("\n")[2]
    return f"what reads it was ended ({last[:300] or f'exit code {ended.exit_code}'})"


@lru_cache(maxsize=1)
def _modules() -> Mapping[str, str]:
    """The sources of the program, by their names. It reads files."""
    files = [HERE / "output_text.py", *sorted((HERE / "documents").glob("*.py"))]
    named = {
        str(file.relative_to(HERE).with_suffix("")).replace("/", ".").removesuffix(".__init__"): file for file in files
    }
    return MappingProxyType({f"{NAMES}.{name}": file.read_text(encoding="utf-8") for name, file in named.items()})


def refuse_office(name: str) -> None:
    """Raise `ToolError` of an office document that is not read here: it says what turns one into text."""
    for ending, way in CONVERTED:
        if name.lower().endswith(ending):
            raise ToolError(
                f"{name}: a {ending} file is not read here; turn it into text with execute_command (`{way}`), "
                "then read that"
            )
