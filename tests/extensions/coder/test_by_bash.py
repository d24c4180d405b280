"""What is approved is run by bash itself, with programs that only note their words: nothing else may have run.

The lines are made at random of what shells read oddly, around everyday ones and known attacks. `ROOST_LINES=60000`
makes more of them than every day needs; `ROOST_SEED` begins elsewhere.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import shutil
from pathlib import Path
from random import Random

import pytest

from extensions.coder.approvals import decide
from extensions.coder.readonly import edits_files
from tests.extensions.coder.attacks import EVERYDAY, FURTHER_ATTACKS

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")]

LINES = int(os.environ.get("ROOST_LINES", "600"))
SEED = int(os.environ.get("ROOST_SEED", "1"))
NOTED = ("git", "ls", "cat", "rm", "find", "sort", "sed", "awk", "grep", "tee", "make", "python", "curl", "tar", "rg")
STARTERS = {"env": "", "nice": "", "timeout": "shift; ", "xargs": "set -- ${*:-cat} -delete; "}
ALLOW = [*(name for name in NOTED if name not in ("rm", "tee")), *STARTERS, "echo", "printf", "test", "read", "export",
         "declare", "let", "command", "time", "true", "cd"]  # fmt: skip
DENY = ["git push"]

WORDS = [
    "a", "'b c'", '"d e"', "$x", '"$x"', "$(rm x)", "`rm x`", '"$(ls)"', "$'a\\nb'", "{a,b}", "{-delete,a}", "*",
    "push",
    "-delete", "\\;", "\\\n", "0", "$((1+1))", "$(('$(rm x)'))", "<(ls)", ">(rm x)", "'$(rm x)'", "${x:-$(rm x)}",
    "${PATH:=.}", "#c", "!", "=", "a=b", "\\$(rm x)", "$", "@(a|b)", "a\\\nb", "''", "\t", "{", "}", "(", ")", "[", "]",
    "${a[$(rm x)]}", "$[a[$(rm x)]]", "'\"'", "\\'", '\\"', "\r", "\u00a0", "\x0c", "-c", "rm", "`echo \\`rm x\\``",
    "$(cat <<'E'\n$(rm x)\nE\n)", "\"`rm x`\"", "x=rm", "esac", "done", "fi", "--",
]  # fmt: skip
REDIRECTIONS = [
    "2>/dev/null", "2>&1", "</dev/null", ">&2", "<<<x", "<<<'$(rm x)'", "0<&1", ">&-", "<&-", "{f}>/dev/null", "5>&1",
    "<<E\nx\nE\n", "<<'E'\n$(rm x)\nE\n", "<<-E\n\tx\n\tE\n", "<<E\n`rm x`\nE\n", "<<E|rm x\nE\n", "<<E;rm x\nE\n",
]  # fmt: skip
BETWEEN = [" ; ", " && ", " || ", " | ", "\n", " & ", " |& ", ";", "|", "\\\n", " # rm x\n"]
AROUND = [
    "({})", "{{ {}; }}", "if {}; then ls; fi", "for i in a b; do {}; done", "for PATH in .; do {}; done", "! {}",
    "time {}", "$({})", 'echo "$({})"', "case a in a) {};; esac", "[[ a == a && -n $({}) ]]", "echo `{}`", "cat <({})",
    "x=$({})", "for ((i=0;i<1;i++)); do {}; done", "x=-delete; {}", "read x; {}", "coproc {}", "f() {{ {}; }}; f",
]  # fmt: skip


def line(random: Random, known: list[str]) -> str:
    """A line of the shell, or what is nearly one."""
    text = random.choice(EVERYDAY if random.random() < 0.8 else known)
    for _ in range(random.randint(1, 3)):
        places = [found.start() for found in re.finditer(" ", text)] or [len(text)]
        at = random.choice(places)
        match random.randrange(5):
            case 0:
                text = f"{text[:at]} {random.choice(WORDS)}{text[at:]}"
            case 1:
                text = f"{text[:at]} {random.choice(REDIRECTIONS)}{text[at:]}"
            case 2:
                text += random.choice(BETWEEN) + random.choice(known)
            case 3:
                text = random.choice(AROUND).format(text)
            case _:
                at = random.randrange(len(text) + 1)
                text = text[:at] + random.choice("'\"`$(){}[]<>|&;\\\n #*?~!=") + text[at:]
    return text


class Shell:
    """bash in an empty folder, whose programs note what they are called with."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log, self._bin = folder / "here", folder / "log", folder / "bin"
        self._bin.mkdir()
        # One write for each call: those of a pipeline run side by side.
        note = f"set -- \"${{0##*/}}\" \"$@\"; IFS='\x1f'; printf '%s\\037\\036' \"$*\" >> '{self.log}'"
        for name in NOTED:
            self._write(name, note)
        for name, before in STARTERS.items():
            self._write(name, f'{before}exec "$@"')

    def _write(self, name: str, text: str) -> None:
        (self._bin / name).write_text(f"#!/bin/sh\n{text}\n")
        (self._bin / name).chmod(0o755)

    async def run(self, text: str) -> tuple[list[list[str]], list[str]]:
        """The words of every program that ran, and the files that are there afterwards."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.log.write_text("")
        shell = await asyncio.create_subprocess_exec(
            "/bin/bash", "-c", text, cwd=self.folder, env={"PATH": str(self._bin), "x": "-delete"},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await asyncio.wait_for(shell.wait(), 5)
        except TimeoutError:
            shell.kill()
            await shell.wait()
        ran = self.log.read_text(errors="replace").split("\x1e")
        return [one.split("\x1f")[:-1] for one in ran if one], sorted(os.listdir(self.folder))


def is_bad(words: list[str]) -> bool:
    deletes = words[0] == "find" and any(
        word == "-delete" and before not in ("-name", "-path") for before, word in itertools.pairwise(words)
    )
    return words[0] in ("rm", "tee") or words[:2] == ["git", "push"] or deletes


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.mark.timeout(60 + LINES // 20)
async def test_what_is_approved_runs_nothing_else_by_bash(shell: Shell) -> None:
    random = Random(SEED)
    known = [one for one in (*EVERYDAY, *FURTHER_ATTACKS) if "/dev/tcp" not in one and "sleep" not in one]
    approved = 0
    for _ in range(LINES):
        text = line(random, known)
        if decide(text, ALLOW, DENY) != "approve":
            continue
        approved += 1
        ran, made = await shell.run(text)
        assert not [words for words in ran if is_bad(words)], text
        assert made == [], text
    assert approved > LINES / 10


@pytest.mark.timeout(60 + LINES // 20)
async def test_what_counts_as_reading_edits_nothing_by_bash(shell: Shell) -> None:
    random = Random(SEED)
    known = [one for one in (*EVERYDAY, *FURTHER_ATTACKS) if "/dev/tcp" not in one and "sleep" not in one]
    for _ in range(LINES // 2):
        text = line(random, known)
        if edits_files(text):
            continue
        ran, made = await shell.run(text)
        assert not [words for words in ran if is_bad(words) and words[0] != "git"], text
        assert made == [], text


@pytest.mark.parametrize(
    "text",
    ["rm x", "ls; `rm x`", "git 2>&1 push", "x=-delete; find . $x", "echo a > b", "ls | xargs find", "ls | tee a"],
)
async def test_what_is_not_approved_would_have_been_seen(shell: Shell, text: str) -> None:
    ran, made = await shell.run(text)
    assert made or any(is_bad(words) for words in ran)
    assert decide(text, ALLOW, DENY) != "approve"
