"""What a command says of a folder that it may not use."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from host.__main__ import cli
from tests.client import ROOT

AS_STRANGER = """
import os, sys
from host.__main__ import main
import host.app, host.keeping, host.cli.demo, host.demo.script, host.ownkey, host.logs, uvloop, uvicorn, sqlite3
os.setgroups([]); os.setgid(12345); os.setuid(12345)
main(sys.argv[1:])
"""
"""The command line as somebody else; all is imported before, as the sources may be root's."""


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A folder of root's that nobody else may enter, in one that everybody may."""
    with tempfile.TemporaryDirectory(prefix="roost-test-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        shut = Path(folder) / "shut"
        shut.mkdir(mode=0o700)
        yield shut


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["demo"], ["backup"], ["restore", "ada", "--list"]])
def test_a_folder_of_another_owner_is_told_in_one_sentence_with_the_way_out(theirs: Path, command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AS_STRANGER, *command, "--data", str(theirs)], cwd=ROOT, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"}, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(rf"roost: (.*: )?{theirs}\S*: permission denied; .+", line), line


def test_no_option_judges_a_path_before_the_sentence_that_has_the_way_out() -> None:
    found = [
        f"{name} {param.opts[0]}"
        for name, command in cli.commands.items()
        for param in command.params
        if isinstance(param.type, click.Path) and param.type.readable
    ]
    assert found == []
