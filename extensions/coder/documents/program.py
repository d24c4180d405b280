"""A program: the bytes of a file come in, its text goes out, or why there is none. It is bounded before it reads."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from extensions.coder.documents import Unreadable, notebook, package, pdf, sheets, slides, word

ENDING = "ROOST_ENDING"
"""The variable that says how the file's name ends, in lower case."""

REFUSED = 3
"""The exit code where what comes out is the reason."""

MEMORY = 512 << 20
"""Bytes of addresses, of which Python itself takes some 30 MB."""

PROCESSOR_SECONDS = 20

READERS: Mapping[str, Callable[[bytes], str]] = MappingProxyType(
    {".ipynb": notebook.text_of, ".pdf": pdf.text_of}
    | {ending: partial(package.text_of, read=word.read) for ending in (".docx", ".docm", ".dotx")}
    | {ending: partial(package.text_of, read=sheets.read) for ending in (".xlsx", ".xlsm")}
    | {ending: partial(package.text_of, read=slides.read) for ending in (".pptx", ".pptm")}
)


def main() -> int:
    """Give the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    try:
        text, code = READERS[os.environ[ENDING]](sys.stdin.buffer.read()), 0
    except Unreadable as error:
        text, code = str(error), REFUSED
    except MemoryError:
        text, code = f"reading it takes more than {MEMORY >> 20} MB", REFUSED
    except Exception as error:  # noqa: BLE001  the edge of the process: hostile files find every error of a reader
        text, code = f"{type(error).__name__}: {error}"[:500], REFUSED
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    return code
