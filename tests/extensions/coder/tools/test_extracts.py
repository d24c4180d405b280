"""PDFs, notebooks and office files: a process in the user's sandbox reads them, and costs the host nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from extensions.coder import extracts
from extensions.coder.tool import ToolError
from extensions.coder.tools.read_file import TOOL
from host.metrics import resident
from sessions.context import SessionContext
from tests.extensions.coder.test_documents import paragraph, word
from tests.extensions.coder.uses import Using, done

pytestmark = pytest.mark.anyio

MB = 1 << 20


async def write(session: SessionContext, path: str, content: str | bytes) -> None:
    await session.files.write(f"/workspace/{path}", content.encode() if isinstance(content, str) else content)


async def read(**arguments: Any) -> str:
    return (await done(TOOL, Using(), **arguments)).text


@asynccontextmanager
async def unharmed(megabytes: int = 40) -> AsyncIterator[None]:
    """The host takes no more memory than so much meanwhile, and its loop goes on."""
    before, most, late = await asyncio.to_thread(resident), 0, 0.0

    async def watch() -> None:
        nonlocal most, late
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            late = max(late, time.monotonic() - began - 0.01)
            most = max(most, await asyncio.to_thread(resident))

    watching = asyncio.TaskGroup()
    async with watching:
        task = watching.create_task(watch())
        try:
            yield
        finally:
            task.cancel()
    assert most - before < megabytes * MB
    assert late < 0.5


def made(*objects: bytes) -> bytes:
    """A PDF of those objects; the first is its catalog."""
    whole, places = b"%PDF-1.4\n", []
    for number, part in enumerate(objects, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return b"%sxref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        whole, size, table, size, len(whole),
    )  # fmt: skip


def stream(data: bytes, *, packed: bool = False) -> bytes:
    about = b" /Filter /FlateDecode" if packed else b""
    return b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(data), about, data)


def repeated(piece: bytes, times: int) -> bytes:
    """What `zlib.compress(piece * times)` would be, but for some bytes, in a tenth of its time."""
    packer, check = zlib.compressobj(9, zlib.DEFLATED, -15), 1
    block = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(times):
        check = zlib.adler32(piece, check)
    return b"\x78\xda" + block * times + b"\x03\x00" + check.to_bytes(4, "big")


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
    b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
)


def pdf(text: str) -> bytes:
    """A PDF of one page with that text on it."""
    return made(CATALOG, PAGES, PAGE, stream(f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode()))


async def test_a_pdf_is_its_text_and_the_host_never_loads_what_reads_it(ada: SessionContext) -> None:
    await write(ada, "a.pdf", pdf("Hello from page one"))
    assert await read(path="a.pdf") == "File: a.pdf (its text)\n1 | [page 1]\n2 | Hello from page one"
    names = "[one for one in sys.modules if 'pypdf' in one or 'coder.documents' in one]"
    here = f"import sys, extensions.coder.extension; print({names})"
    loaded = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", here], capture_output=True, check=True)
    assert loaded.stdout.strip() == b"[]"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (pdf(""), "holds no text"),
        (b"%PDF-1.4 broken", "its text cannot be read"),
        (b"%PDF-1.4\n" + b"[" * 1_000_000, "its text cannot be read"),
        (made(CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"), "its text cannot be read"),
        (b"\0", "binary"),
    ],
)
async def test_a_pdf_without_text_says_so(ada: SessionContext, content: bytes, told: str) -> None:
    await write(ada, "a.pdf", content)
    async with unharmed():
        with pytest.raises(ToolError, match=told):
            await read(path="a.pdf")


@pytest.mark.parametrize(
    "content",
    [
        lambda: stream(repeated(bytes(MB), 600), packed=True),
        lambda: stream(zlib.compress(repeated(b"(x) Tj " * 1_000_000, 20), 9), packed=True),
        lambda: stream(b"BT /F1 12 Tf " + b"(aaaaaaaaaaaaaaaaaaaaaaaaaaaaa) Tj " * 30_000 + b"ET"),
        lambda: stream(b"q " * 1_000_000),
        lambda: stream(b"BI /W 1 /H 1 ID " + b"E" * 2_000_000),
    ],
    ids=["zeros", "packed twice", "many words", "deep", "a picture without end"],
)
async def test_a_hostile_pdf_costs_the_host_neither_memory_nor_time(
    ada: SessionContext, content: Callable[[], bytes]
) -> None:
    await write(ada, "a.pdf", made(CATALOG, PAGES, PAGE, content()))
    began = time.monotonic()
    async with unharmed(120):
        try:
            text = await read(path="a.pdf")
        except ToolError as error:
            text = str(error)
    assert text
    assert time.monotonic() - began < extracts.SECONDS + 10


async def test_what_takes_too_long_or_too_much_is_ended(ada: SessionContext, monkeypatch: pytest.MonkeyPatch) -> None:
    def program(body: str) -> None:
        source = f"def main():\n    {body}\n"
        monkeypatch.setattr(extracts, "_modules", lambda: {extracts.PROGRAM: source})

    await write(ada, "a.pdf", b"%PDF")
    monkeypatch.setattr(extracts, "SECONDS", 0.5)
    program("while True: pass")
    with pytest.raises(ToolError, match=r"takes longer than 0.5 s"):
        await read(path="a.pdf")
    program("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(ToolError, match="what reads it was ended"):
        await read(path="a.pdf")
    program("raise SystemExit(127)")
    with pytest.raises(ToolError, match="there is no python3 where your commands run"):
        await read(path="a.pdf")
    monkeypatch.setattr(extracts, "SECONDS", 30)
    program("import sys; sys.stdout.write('x' * 100_000_000)")
    async with unharmed(120):
        assert len(await read(path="a.pdf")) < 500_000


async def test_no_memory_beyond_its_bound_is_taken(ada: SessionContext, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = dict(extracts._modules())
    modules[f"{extracts.NAMES}.documents.pdf"] = "def text_of(content):\n    return 'x' * (1 << 31)\n"
    monkeypatch.setattr(extracts, "_modules", lambda: modules)
    await write(ada, "a.pdf", b"%PDF")
    with pytest.raises(ToolError, match="reading it takes more than 512 MB"):
        await read(path="a.pdf")


async def test_where_the_extra_is_missing_a_pdf_says_what_to_do(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions.python.PLACE", "nowhere")
    await write(ada, "a.pdf", pdf("x"))
    with pytest.raises(ToolError, match="its extra `documents`, which is missing here"):
        await read(path="a.pdf")


async def test_a_word_file_is_its_text_and_a_damaged_one_says_so(ada: SessionContext) -> None:
    await write(ada, "a.docx", word(paragraph("Über uns", "Heading1")))
    assert await read(path="a.docx") == "File: a.docx (its text)\n1 | # Über uns"
    await write(ada, "b.docx", b"PK")
    with pytest.raises(ToolError, match=r"it is no archive as such files are.*execute_command"):
        await read(path="b.docx")


async def test_without_a_sandbox_such_a_file_says_why_it_is_not_read(owner: SessionContext) -> None:
    await write(owner, "a.docx", word(paragraph("x")))
    with pytest.raises(ToolError, match="none can be started"):
        await read(path="a.docx")


async def test_a_notebook_is_its_cells(ada: SessionContext) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "words"]},
        {"cell_type": "code", "source": "1 + 1", "outputs": [
            {"output_type": "execute_result", "data": {"text/plain": ["2"], "image/png": "…"}},
            {"output_type": "error", "ename": "ValueError", "evalue": "no"}]},
    ]  # fmt: skip
    await write(ada, "a.ipynb", json.dumps({"cells": cells}))
    assert await read(path="a.ipynb") == (
        "File: a.ipynb (its cells as text)\n 1 | # %% cell 1 (markdown)\n 2 | # Title\n 3 | words\n 4 | \n"
        " 5 | # %% cell 2 (code)\n 6 | 1 + 1\n 7 | # output:\n 8 | 2\n 9 | # output:\n10 | ValueError: no"
    )


async def test_a_notebook_that_a_merge_broke_is_read_as_it_stands(ada: SessionContext) -> None:
    await write(ada, "a.ipynb", "<<<<<<< HEAD\n{}\n")
    assert await read(path="a.ipynb") == "File: a.ipynb\n1 | <<<<<<< HEAD\n2 | {}\n3 | "
    for name in ("b.ipynb", "b.docx", "b.xlsx"):
        await write(ada, name, "")
        assert await read(path=name) == f"File: {name}\nThe file is empty."
