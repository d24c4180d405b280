"""The documents as programs: the fenced blocks of a page, and a folder in which they are carried out in their order.

The words behind a fence's language say what is done with it: `run`, `serve`, `file=PATH`. GitHub shows none of them.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
HERE = "127.0.0.1:3000"
"""Where the pages say that a host is: the address of the one that was started instead."""

SECONDS = 40


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `line` is where it begins."""

    page: str
    line: int
    language: str
    words: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str | None:
        """The file that it is to be, by `file=PATH`."""
        return next((word.removeprefix("file=") for word in self.words if word.startswith("file=")), None)


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    text = page.read_text()
    name = str(page.relative_to(ROOT))
    found = []
    for match in FENCE.finditer(text):
        language, *words = match[2].split() or [""]
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(name, line, language, tuple(words), match[3]))
    return found


class Folder:
    """Where one page is carried out: a home of its own, the clone's examples, and the host that the page starts."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._host: subprocess.Popen[str] | None = None
        self._base = HERE
        (place / "home/src/my-project").mkdir(parents=True)
        (place / ".venv").symlink_to(sys.prefix)
        for name in ("examples", "docs"):
            (place / name).symlink_to(ROOT / name)
        kept = {name: value for name, value in os.environ.items() if name in ("LANG", "LC_ALL", "TZ")}
        self.environ = kept | {
            "HOME": str(place / "home"),
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
            "PYTHONPATH": f"{place}:{ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "ROOST_DATA": str(place / "data"),
            "ROOST_PORT": "0",
        }

    def write(self, block: Block) -> None:
        """Make the file that it is."""
        assert block.file
        path = self.place / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def run(self, block: Block) -> None:
        """Carry out a shell or Python block; what it says is in the failure."""
        text = block.text.replace(HERE, self._base)
        if block.language == "python":
            command = [sys.executable, "-W", "error", "-c", text]
        else:
            command = ["bash", "-euo", "pipefail", "-c", text]
        done = subprocess.run(
            command, cwd=self.place, env=self.environ, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, f"{block} exits with {done.returncode}:\n{done.stdout}\n{done.stderr}"

    def serve(self, block: Block) -> None:
        """Start the host that a shell block starts, in the background until the page ends or starts another."""
        self.close()
        log = self.place / f"{block.line}.log"
        with log.open("w") as errors:
            self._host = host = subprocess.Popen(
                ["bash", "-euc", block.text], cwd=self.place, env=self.environ,
                stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
            )  # fmt: skip
        assert host.stdout
        line = host.stdout.readline().strip()
        assert line.startswith("listening on http://"), f"{block} does not serve: {line!r} {log.read_text()}"
        self._base = line.removeprefix("listening on http://")

    def close(self) -> None:
        """End the host, if there is one; it must end well."""
        host, self._host = self._host, None
        if host is None:
            return
        try:
            if host.poll() is None:
                os.killpg(host.pid, signal.SIGTERM)
            assert host.wait(timeout=20) in (0, -signal.SIGTERM), f"the host ended with {host.returncode}"
        finally:
            if host.poll() is None:
                os.killpg(host.pid, signal.SIGKILL)
            host.communicate()


@contextmanager
def folder(place: Path) -> Iterator[Folder]:
    """A folder for one page; its host ends with it."""
    made = Folder(place)
    try:
        yield made
    finally:
        made.close()
