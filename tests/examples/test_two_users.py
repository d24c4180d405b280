"""examples/two_users.py does what it says, against a real host and a clone of this very project."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.client import ROOT, running

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not (ROOT / ".git").exists() or shutil.which("git") is None,
        reason="it clones this project: run it with git, from a checkout and not from an archive",
    ),
]


@pytest.fixture
def git_environ(tmp_path: Path) -> dict[str, str]:
    """An environment in which git clones from any owner's folder, and nobody's own configuration matters."""
    config = tmp_path / "gitconfig"
    config.write_text("[safe]\n\tdirectory = *\n")
    return {**os.environ, "GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_NOSYSTEM": "1"}


def _said(output: str) -> dict[str, dict[str, str]]:
    """What each user said: by their name, what -> value."""
    said: dict[str, dict[str, str]] = {}
    for line in output.splitlines():
        uid, _, rest = line.partition(" | ")
        what, _, value = rest.partition(": ")
        said.setdefault(uid.strip(), {})[what] = value
    return said


async def test_two_people_edit_their_own_clone_of_a_repository_and_cannot_reach_the_others(
    tmp_path: Path, git_environ: dict[str, str]
) -> None:
    with running(tmp_path / "data", ROOST_EXTENSIONS__FOLDERS='["examples"]') as host:
        command = [sys.executable, "examples/two_users.py", host.base]
        ended = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=50, cwd=ROOT, env=git_environ
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        assert await host.stop() == 0

    said = _said(ended.stdout)
    assert set(said) == {"ada", "grace"}
    for uid, other in (("ada", "grace"), ("grace", "ada")):
        mine = said[uid]
        clone = tmp_path / "data/users" / uid / "root/workspace/roost"
        page = (clone / "ARCHITECTURE.md").read_text()
        assert page.count("Edited by") == 1
        assert mine["last line of my ARCHITECTURE.md"] == page.splitlines()[-1] == f"Edited by {uid}."
        assert int(mine["files brought"]) == sum(path.is_file() for path in clone.rglob("*"))
        assert (clone / "sessions/files.py").is_file()
        assert mine["words in it, by the extension's command"] == str(len(page.split()))
        assert mine["event"].startswith("1 hello.counted ")
        assert mine["my state"] == f"the page that {uid} edits"
        assert mine[f"{other}'s files, by their path"].startswith("-32010 FileNotFound")
        assert mine[f"{other}'s state, in their name"].startswith("-32003 ")
    for line in shown():
        assert re.search(f"^{line}", ended.stdout, re.MULTILINE), f"README shows another line than: {line}"


def shown() -> Iterator[str]:
    """The lines that README shows, as patterns: ids and counts are others each time, and `...` leaves out a rest."""
    _, _, sample = (ROOT / "README.md").read_text().partition("$ .venv/bin/python examples/two_users.py\n")
    for line in sample.partition("\n...\n")[0].splitlines():
        whole = re.escape(line.removesuffix("..."))
        whole = re.sub(r"(?<=session:\\ )\S+?(?=\\ in)", r"\\S+", whole)
        whole = re.sub(r"\d+", r"\\d+", whole)
        yield whole if line.endswith("...") else f"{whole}$"


def test_who_has_started_no_host_is_told_so() -> None:
    command = [sys.executable, "examples/two_users.py", "http://127.0.0.1:1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "no host answers at http://127.0.0.1:1: start one as README says, or name another as the first argument\n"
    )


async def test_a_host_of_one_person_alone_is_told_in_a_line() -> None:
    async def alone(socket: ServerConnection) -> None:
        await socket.close(4403, "this host serves its one user")

    async with serve(alone, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        script = str(ROOT / "examples/two_users.py")
        run = await asyncio.create_subprocess_exec(sys.executable, script, address, stderr=subprocess.PIPE)
        _, told = await run.communicate()
    assert run.returncode == 1
    assert told.decode() == f"the host at {address} wants no two users: this host serves its one user\n"
