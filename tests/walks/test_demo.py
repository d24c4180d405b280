"""`roost demo`, every step of it as a person takes it: a real host process, HTTP, files looked at from outside."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from host.cli.demo import PROMPT
from tests.client import ROOT, running

Json = dict[str, Any]
BASKET = {"path": "/workspace/demo/basket.py"}


class Demo:
    """A started host, what it printed, and its API; the client belongs to who made it."""

    def __init__(self, base: str, said: str = "", uid: str = "local") -> None:
        self.base, self.said = base, said
        self.client = httpx2.Client(base_url=base, timeout=30, trust_env=False, params={"uid": uid})

    process: subprocess.Popen[str]

    def ask(self, method: str, path: str, **body: Any) -> Any:
        answer = self.client.request(method, f"/api/v1/{path}", json=body or None)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def begin(self) -> str:
        return str(self.ask("POST", "tasks", message=PROMPT)["taskId"])

    def when(self, task: str, so: Callable[[Json], object]) -> Json:
        """The task once `so` is true of it."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            found: Json = self.ask("GET", f"tasks/{task}")
            if so(found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"it never came to that: {found}")

    def asked(self, task: str, before: str = "") -> Json:
        """The approval that waits, another one than `before`."""

        def others(found: Json) -> list[Json]:
            return [one for one in found.get("approvals", ()) if one["approvalId"] != before]

        return others(self.when(task, others))[0]

    def allow(self, task: str, approval: Json) -> str:
        self.ask("POST", f"tasks/{task}/approvals/{approval['approvalId']}", decision="once")
        return str(approval["approvalId"])

    def finish(self, task: str, before: str = "") -> list[str]:
        """Allow all that is asked until it is completed; gives the tools asked for, in order."""
        tools = []
        while approval := self.next_asked(task, before):
            tools.append(approval["tool"])
            before = self.allow(task, approval)
        return tools

    def next_asked(self, task: str, before: str) -> Json | None:
        """The next approval that waits; None once the task is completed."""

        def others(found: Json) -> list[Json]:
            return [one for one in found.get("approvals", ()) if one["approvalId"] != before]

        found = self.when(task, lambda one: one["status"] == "completed" or others(one))
        return next(iter(others(found)), None)


@contextmanager
def demo(folder: Path, *arguments: str, **environ: str) -> Iterator[Demo]:
    """`roost demo` in this folder; killed at the end if it still runs."""
    command = [sys.executable, "-m", "host", "demo", "--data", str(folder), *arguments]
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = subprocess.Popen(command, env=clean | environ, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    try:
        first = process.stdout.readline()
        assert first.startswith("listening on http://127.0.0.1:"), first
        said = first
        while "Stop it with" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        host = Demo(first.split()[-1], said)
        host.process = process
        with host.client:
            yield host
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def basket(folder: Path) -> str:
    return (folder / "workspace/demo/basket.py").read_text()


def test_the_demo_prompts_fails_asks_mends_passes_and_goes_back(tmp_path: Path) -> None:
    with demo(tmp_path / "demo", OPENAI_API_KEY="sk-not-used") as host:
        assert "scripted" in host.said
        (link,) = [word for line in host.said.splitlines() for word in line.split() if "?prompt=" in word]
        assert parse_qs(urlsplit(link).query) == {"prompt": [PROMPT]}
        task = host.begin()
        first = host.asked(task)
        assert first["tool"] == "execute_command"
        before = basket(tmp_path / "demo")
        assert "quantity > MANY" in before
        tools = [first["tool"], *host.finish(task, host.allow(task, first))]
        assert [one for one in tools if one == "apply_diff"] == ["apply_diff"]
        assert tools[-1] == "execute_command" and tools.index("apply_diff") > 0  # it saw it fail, mended, ran it again
        done = host.ask("GET", f"tasks/{task}")
        assert done["result"].startswith("Fixed.") and done["cost"] == 0
        assert "demo/scripted" in str(host.ask("GET", "usage"))  # whatever key is set
        assert "quantity >= MANY" in basket(tmp_path / "demo")
        text = str(host.ask("GET", f"tasks/{task}/messages"))
        assert "The test `test_ten_pieces_are_ten_per_cent_cheaper` fails." in text
        (checkpoint, *_) = host.ask("GET", f"tasks/{task}/checkpoints")
        host.ask("POST", f"tasks/{task}/checkpoints/{checkpoint['checkpointId']}/restore", scope="files")
        assert basket(tmp_path / "demo") == before


def test_a_demo_that_is_killed_goes_on_where_it_was_and_asks_again(tmp_path: Path) -> None:
    with demo(tmp_path / "demo") as host:
        task = host.begin()
        before = host.allow(task, host.asked(task))
        while (approval := host.asked(task, before))["tool"] != "apply_diff":
            before = host.allow(task, approval)
        os.kill(host.process.pid, signal.SIGKILL)
        host.process.wait(15)
    with demo(tmp_path / "demo") as host:
        assert "goes on where you were" in host.said and "?prompt=" not in host.said
        again = host.asked(task)
        assert again["tool"] == "apply_diff" and again["approvalId"] == approval["approvalId"]
        assert "quantity > MANY" in basket(tmp_path / "demo")
        host.allow(task, again)
        host.finish(task, again["approvalId"])
    assert "quantity >= MANY" in basket(tmp_path / "demo")


def test_fresh_starts_over_and_removes_nothing_that_the_demo_did_not_make(tmp_path: Path) -> None:
    with demo(tmp_path / "demo") as host:
        host.begin()
        (tmp_path / "demo/workspace/demo/basket.py").write_text("mine")
        beside = subprocess.run(
            [sys.executable, "-m", "host", "demo", "--data", str(tmp_path / "demo"), "--fresh"],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert beside.returncode == 2 and "another host" in beside.stderr  # never below a running one
        assert basket(tmp_path / "demo") == "mine"
    with demo(tmp_path / "demo", "--fresh") as host:
        assert host.ask("GET", "tasks")["tasks"] == []
        assert "quantity > MANY" in basket(tmp_path / "demo")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("x")
    refused = subprocess.run(
        [sys.executable, "-m", "host", "demo", "--data", str(mine), "--fresh"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert refused.returncode == 2 and "was not made by `roost demo`" in refused.stderr
    assert (mine / "thesis.txt").read_text() == "x"


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_demos_workspace_is_a_clean_git_repository_whatever_the_users_own_git_is_set_to(tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text("[commit]\n  gpgsign = true\n")
    with demo(tmp_path / "demo", HOME=str(tmp_path)):
        pass
    git = ["git", "-C", str(tmp_path / "demo/workspace")]
    assert subprocess.run([*git, "status", "--short"], capture_output=True, text=True, check=True).stdout == ""
    assert (
        subprocess.run([*git, "log", "--format=%s"], capture_output=True, text=True, check=True).stdout == "The shop\n"
    )


def test_a_second_user_sees_nothing_of_the_first_ones_demo(tmp_path: Path) -> None:
    with running(tmp_path / "data") as host:
        ada, bob = (Demo(host.base, uid=uid) for uid in ("ada", "bob"))
        with ada.client, bob.client:
            task = ada.begin()
            ada.allow(task, ada.asked(task))  # the shop's first file
            ada.when(task, lambda _: ada.client.get("/api/v1/files", params=BASKET).is_success)
            assert bob.ask("GET", "tasks")["tasks"] == []
            assert bob.client.get(f"/api/v1/tasks/{task}").status_code == 404
            assert bob.client.get("/api/v1/files", params=BASKET).status_code == 404


def test_every_command_of_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    text = (ROOT / "docs/tutorial.md").read_text()
    commands = [line for block in re.findall(r"```sh[^\n]*\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(commands) >= 4
    for line in commands:
        program, *words = shlex.split(line, comments=True)
        if program == "make":
            assert subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, check=False).returncode == 0, (
                line
            )
        elif words[0] == "demo":
            with demo(tmp_path / "demo", *words[1:]) as host:
                assert host.client.get("/readyz").is_success, line
        else:
            assert (program, words[:2]) == (".venv/bin/roost", ["serve", "--workspace"]), line
            with running(tmp_path / "data", "--workspace", str(tmp_path), MULTI_USER="0") as served:
                assert httpx2.get(f"{served.base}/readyz", trust_env=False).is_success


@pytest.mark.parametrize(
    ("environ", "offered"),
    [
        ({"MULTI_USER": "0"}, True),
        ({"MULTI_USER": "0", "ROOST_AI_PROVIDERS__OPENAI__API_KEY": "sk-not-used"}, False),
        ({}, False),
    ],
)
def test_a_host_of_one_person_without_a_provider_offers_the_demo(
    tmp_path: Path, environ: dict[str, str], offered: bool
) -> None:
    with running(tmp_path / "data", **environ) as host:
        assert httpx2.get(f"{host.base}/readyz", trust_env=False).is_success
    assert ("`roost demo`" in host.log.read_text()) is offered
