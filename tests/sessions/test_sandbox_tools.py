"""The tools that people work with run in a sandbox as they do elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from sessions.sandbox import Sandbox
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP, folder, output, read_until, sandbox, type_in

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]

GIT = "git -c user.name=a -c user.email=a@example.org"
TOOLS = {
    "git": (
        f"git init -q one && cd one && echo hi >f && git add f && {GIT} commit -qm first && cd .. && "
        "git clone -q one two && cat two/f && git -C two log --format=%s",
        "hi\nfirst",
    ),
    "a git hook": (
        f"git init -q h && cd h && printf '#!/bin/sh\\necho hooked' >.git/hooks/pre-commit && chmod +x .git/hooks/* && "
        f"echo x >f && git add f && {GIT} commit -qm x 2>&1",
        "hooked",
    ),
    "git worktree": (
        f"git init -q w && cd w && {GIT} commit -q --allow-empty -m x && git worktree add -q ../v && cat ../v/.git",
        "gitdir",
    ),
    "make": ("printf 'all:\\n\\t@echo made $(MAKELEVEL)\\n' >Makefile && make -j4", "made 0"),
    "cc": ("printf 'int main(){return 42;}' >a.c && cc a.c -o a && ./a; echo $?", "42"),
    "python3": ("python3 -c 'import ssl, sqlite3, ctypes; print(6 * 7)'", "42"),
    "python3 multiprocessing": (
        "python3 -c 'import multiprocessing as m; print(sum(m.Pool(2).map(abs, [-40, -2])))'", "42",
    ),
    "python3 shared_memory": (
        "python3 -c 'from multiprocessing.shared_memory import SharedMemory as S; s = S(create=True, size=9);"
        "print(s.size); s.close(); s.unlink()'", "9",
    ),
    "python3 venv": ("python3 -m venv v && v/bin/python -c 'import sys; print(sys.prefix)'", "/workspace/v"),
    "pip": (
        "python3 -m venv v && mkdir p && printf '[project]\\nname=\"p\"\\nversion=\"4.2\"' >p/pyproject.toml && "
        "v/bin/pip --version && v/bin/pip list 2>/dev/null",
        "pip",
    ),
    "node": ("node -e 'console.log(require(`os`).cpus().length > 0, 6 * 7)'", "true 42"),
    "node worker": (
        "node -e 'const {Worker} = require(`worker_threads`); new Worker(`console.log(42)`, {eval: true})'", "42",
    ),
    "npm": ("npm init -y >/dev/null && npm pkg get name", "workspace"),
    "vim": ("vim -es -u NONE +'call setline(1, \"written\")' +'wq! v.txt' </dev/null; cat v.txt", "written"),
    "ssh-keygen": ("ssh-keygen -q -t ed25519 -N '' -f k && ssh-keygen -lf k.pub", "ED25519"),
    "perl": ("perl -MSocket -e 'print 6 * 7'", "42"),
    "tar": ("mkdir t && echo hi >t/f && tar czf t.tgz t && rm -r t && tar xzf t.tgz && cat t/f", "hi"),
    "bash process substitution": ("cat <(echo one) <(echo two)", "one\ntwo"),
    "mktemp": ("cd $(mktemp -d) && pwd", "/tmp/tmp."),
    "mv": ("echo hi >/tmp/f && mv /tmp/f /workspace/g && cat /workspace/g", "hi"),
    "less": ("printf 'a\\nb\\n' | less -F", "a\nb"),
    "date": ("TZ=Europe/Berlin date -d '2026-01-01T00:00Z' +%H", "01"),
    "setsid": ("setsid -w sh -c 'echo apart'", "apart"),
    "ulimit": ("(ulimit -n 100; ulimit -n)", "100"),
    "id": ("id -un; getent passwd $(id -u) | cut -d: -f6,7", "alice\n/home:/bin/bash"),
    "hostname": ("hostname; getent hosts localhost | head -1", "roost\n"),
}  # fmt: skip


@pytest.fixture
async def alice() -> AsyncIterator[Sandbox]:
    with folder() as data:
        async with sandbox(data) as made:
            yield made


@pytest.mark.parametrize("name", TOOLS)
async def test_a_tool_works(alice: Sandbox, name: str) -> None:
    program = name.split()[0] if not name.startswith("a ") else "git"
    if (await alice.run(["bash", "-c", f"command -v {program}"])).exit_code:
        pytest.skip(f"{program} is not installed")
    if "venv" in TOOLS[name][0] and (await alice.run(["python3", "-c", "import venv, ensurepip"])).exit_code:
        pytest.skip("this Python comes without ensurepip: apt-get install python3-venv")
    script, expected = TOOLS[name]
    assert expected in await output(alice, script, timeout=50)


async def test_tmux_is_left_and_found_again_from_another_terminal(alice: Sandbox) -> None:
    if (await alice.run(["bash", "-c", "command -v tmux"])).exit_code:
        pytest.skip("tmux is not installed")
    await output(alice, "echo 'set -g assume-paste-time 0' >tmux.conf")  # or keys that come at once are no keys to it
    first = await alice.open_terminal(["tmux", "-f", "tmux.conf", "new", "-s", "work", "bash --norc"])
    await read_until(first, "$ ")
    type_in(first, "echo can''ary\n")
    await read_until(first, "canary")
    type_in(first, "\x02d")
    async with asyncio.timeout(20):
        assert await first.wait() == 0
    first.close()
    second = await alice.open_terminal(["tmux", "attach", "-t", "work"])
    await read_until(second, "canary")
    type_in(second, "exit\n")
    await read_until(second, "[exited]")
    second.close()


async def test_vim_draws_its_screen(alice: Sandbox) -> None:
    if (await alice.run(["bash", "-c", "command -v vim"])).exit_code:
        pytest.skip("vim is not installed")
    terminal = await alice.open_terminal(["vim", "-u", "NONE", "new.txt"], columns=100, rows=30)
    await read_until(terminal, "new.txt")
    type_in(terminal, "ihello\x1b:wq\r")
    async with asyncio.timeout(20):
        assert await terminal.wait() == 0
    assert await output(alice, "cat new.txt") == "hello"
    terminal.close()


async def test_tools_of_the_hosts_own_are_found_and_read_only(alice: Sandbox) -> None:
    with folder() as tools:
        (tools / "bin").mkdir(mode=0o755)
        (tools / "bin" / "canary").write_text("#!/bin/sh\necho from the host\n")
        (tools / "bin" / "canary").chmod(0o755)
        with folder() as data:
            async with sandbox(data, tools=tools) as bob:
                assert await output(bob, "canary") == "from the host"
                assert "Read-only" in await output(bob, "touch /opt/roost/bin/x 2>&1")
