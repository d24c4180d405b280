"""Checkpoints: any state of a workspace comes back byte for byte, and nothing in a workspace runs or reaches out."""

from __future__ import annotations

import asyncio
import os
import random
import shlex
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from extensions.coder import shadow as shadow_module
from extensions.coder.checkpoints import Checkpoints, FileDiff, NoCheckpoint, refuse_too_much
from extensions.coder.excludes import held_by_lfs, patterns
from sessions import backstage as kept
from sessions.backstage import Backstage
from sessions.context import SessionContext
from sessions.jail import World
from sessions.levels import OFF
from sessions.quotas import Allowance, Quotas
from sessions.sandbox import Sandbox
from sessions.tasks import Tasks
from shim.proposed import backstage
from tests.inside import tenants
from tests.people import people

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed: apt-get install git"),
]

TASK = "0197b1c2-task"


@pytest.fixture
async def ada() -> AsyncIterator[SessionContext]:
    async with tenants("ada") as (_, (session,)):
        with session.entered("roost.coder"):
            yield session


@pytest.fixture
def checkpoints() -> Checkpoints:
    return Checkpoints()


async def sh(session: SessionContext, script: str) -> str:
    """Run a script as the user, in their own sandbox."""
    finished = await (await session.sandbox()).run(["bash", "-c", script], timeout=50)
    assert finished.exit_code == 0, finished.output
    return finished.output.decode(errors="replace").strip()


async def state(session: SessionContext) -> str:
    """Every file of the workspace but those of repositories: its name, mode, kind and content."""
    return await sh(
        session,
        "find . -name .git -prune -o -type f -printf '%P %m ' -exec md5sum {} \\;"
        " -o -type l -printf '%P -> %l\\n' | sort",
    )


def by_path(files: list[FileDiff]) -> dict[str, FileDiff]:
    return {file["path"]: file for file in files}


TREE = r"""
mkdir -p src/deep/er 'with space' && printf 'one\ntwo\n' > src/a.py && printf 'no end' > src/deep/er/b.txt
printf 'crlf\r\nlines\r\n' > crlf.txt; printf '\0\1\2binary\377' > data.raw2; : > empty; chmod 755 src/a.py
printf x > 'with space/und ü"quote'; printf x > $'line\nbreak'; printf x > $'bad\xff'; ln -s src/a.py link
ln -s /etc/passwd out; ln -s nowhere dangling; printf '$Id$ keyword\n' > id.txt
mkdir -p node_modules/x && printf no > node_modules/x/y.js
printf 'ignored.txt\n' > .gitignore; printf secret > ignored.txt; printf -- '-x' > -dash; printf ':(top)' > ':(top)'
"""
CHANGE = r"""
printf 'one\nTWO\nthree\n' > src/a.py; chmod 644 src/a.py; rm src/deep/er/b.txt crlf.txt $'line\nbreak'
rmdir src/deep/er; printf new > new.txt; mkdir fresh; printf n > fresh/n; rm link; printf 'a file now' > link
rm -r 'with space'; printf 'a file' > 'with space'; rm empty; mkdir empty; printf in > empty/in; rm -- -dash
printf y > ':(top)'
"""


async def test_a_workspace_comes_back_byte_for_byte(ada: SessionContext, checkpoints: Checkpoints) -> None:
    await sh(ada, TREE)
    before = await state(ada)
    first = await checkpoints.save(TASK)
    await sh(ada, CHANGE)
    changed = await state(ada)
    assert changed != before
    undo = await checkpoints.restore(TASK, first)
    assert await state(ada) == before
    await checkpoints.restore(TASK, undo)
    assert await state(ada) == changed


async def test_what_is_ignored_or_left_out_stays_as_it_is(ada: SessionContext, checkpoints: Checkpoints) -> None:
    await sh(ada, TREE)
    first = await checkpoints.save(TASK)
    await sh(ada, "echo later > ignored.txt; echo later > node_modules/x/y.js; echo z > pic.png; echo x > plain.txt")
    await checkpoints.restore(TASK, first)
    assert await sh(
        ada, "cat ignored.txt node_modules/x/y.js pic.png; ls plain.txt 2>&1 | wc -l; test ! -e plain.txt"
    ) == ("later\nlater\nz\n1")


async def test_every_checkpoint_is_listed_in_order_changed_or_not(
    ada: SessionContext, checkpoints: Checkpoints
) -> None:
    saved = [await checkpoints.save(TASK) for _ in range(3)]
    listed = await checkpoints.list(TASK)
    assert [one.checkpoint_id for one in listed] == saved and len(set(saved)) == 3
    assert abs(listed[0].ts / 1000 - time.time()) < 60


async def test_they_are_there_after_a_restart(ada: SessionContext, checkpoints: Checkpoints) -> None:
    await sh(ada, "echo one > a")
    first = await checkpoints.save(TASK)
    assert ada.backstage is not None
    await ada.backstage.close()
    ada.backstage = Backstage(ada.backstage._folder, ada.backstage._make, ada.allowance)
    again = Checkpoints()
    await sh(ada, "echo two > a")
    await again.restore(TASK, first)
    assert await sh(ada, "cat a") == "one"


async def test_a_difference_shows_every_change_with_its_texts(ada: SessionContext, checkpoints: Checkpoints) -> None:
    await sh(ada, TREE)
    first = await checkpoints.save(TASK)
    await sh(ada, CHANGE + "printf '\\0\\1changed' > data.raw2; head -c 400000 /dev/zero | tr '\\0' a > long.txt")
    second = await checkpoints.save(TASK)
    await sh(ada, "echo after > after.txt")
    files = by_path(list(await checkpoints.diff(TASK, first, second)))
    assert "after.txt" not in files
    edited = files["src/a.py"]
    assert (edited["before"], edited["after"]) == ("one\ntwo\n", "one\nTWO\nthree\n")
    assert edited["diff"].startswith("diff --git a/src/a.py b/src/a.py\n")
    assert edited["diff"].endswith("@@ -1,2 +1,3 @@\n one\n-two\n+TWO\n+three\n")
    assert (files["new.txt"]["before"], files["new.txt"]["after"]) == (None, "new")
    assert (files["src/deep/er/b.txt"]["before"], files["src/deep/er/b.txt"]["after"]) == ("no end", None)
    assert "-src/a.py\n" in files["link"]["diff"] and "+a file now\n" in files["link"]["diff"]
    assert (files["data.raw2"]["note"], files["data.raw2"]["diff"]) == ("binary", "")
    assert files["long.txt"]["note"] == "too large" and files["long.txt"]["after"] is None
    assert files["line\nbreak"]["before"] == "x"
    now = by_path(list(await checkpoints.diff(TASK, second)))
    assert now.keys() == {"after.txt"} and now["after.txt"]["after"] == "after\n"
    back = by_path(list(await checkpoints.diff(TASK, second, first)))
    assert back["new.txt"]["before"] == "new" and back["new.txt"]["after"] is None


LARGE = """BEGIN {
    for (digit = 0; digit < 10; digit++) {
        text = digit
        while (length(text) < 20000) text = text text
        text = substr(text, 1, 20000)
        for (i = digit; i < 1000; i += 10) { file = "f" i ".txt"; printf "%s", text > file; close(file) }
    }
}"""
"""A thousand files of 20,000 characters, by one process."""


async def test_a_difference_of_many_files_is_bounded(ada: SessionContext, checkpoints: Checkpoints) -> None:
    first = await checkpoints.save(TASK)
    await sh(ada, f"awk '{LARGE}'")
    files = await checkpoints.diff(TASK, first)
    assert len(files) == 300
    assert sum(len(file["after"] or "") + len(file["diff"]) for file in files) < 20_000_000


@pytest.mark.parametrize("checkpoint", ["", "HEAD", "0" * 40, "--all", "a" * 41, "../x", "master~1"])
async def test_a_checkpoint_that_is_none_is_refused_and_nothing_changes(
    ada: SessionContext, checkpoints: Checkpoints, checkpoint: str
) -> None:
    await sh(ada, "echo x > a")
    await checkpoints.save(TASK)
    await sh(ada, "echo y > a")
    for call in (checkpoints.restore(TASK, checkpoint), checkpoints.diff(TASK, checkpoint)):
        with pytest.raises(NoCheckpoint, match="has no checkpoint"):
            await call
    assert await sh(ada, "cat a") == "y"
    tree = await sh(ada, "true")
    assert tree == ""


async def test_tasks_have_each_their_own(ada: SessionContext, checkpoints: Checkpoints) -> None:
    await sh(ada, "echo x > a")
    first = await checkpoints.save("one")
    await sh(ada, "echo y > a")
    await checkpoints.save("two")
    with pytest.raises(NoCheckpoint):
        await checkpoints.restore("two", first)
    with pytest.raises(NoCheckpoint, match="is no task"):
        await checkpoints.save("../one")


async def test_with_the_task_they_go(ada: SessionContext, checkpoints: Checkpoints) -> None:
    await sh(ada, TREE)
    first = await checkpoints.save(TASK)
    assert ada.backstage is not None
    folder = ada.backstage._folder / "roost.coder"
    assert os.listdir(folder) == [f"checkpoints-{TASK}"]
    await checkpoints.remove(TASK)
    await checkpoints.remove(TASK)
    assert os.listdir(folder) == []
    with pytest.raises(NoCheckpoint, match="has no checkpoint"):
        await checkpoints.restore(TASK, first)


# -- repositories in the workspace


LOOK = (
    "find .git -type f | sort | xargs md5sum | md5sum; GIT_OPTIONAL_LOCKS=0 git status --porcelain; git log --oneline"
)


async def test_the_users_own_repository_is_neither_seen_nor_touched(
    ada: SessionContext, checkpoints: Checkpoints
) -> None:
    await sh(ada, "git init -q . && git config user.email a@b && git config user.name a && echo x > a && git add a")
    await sh(ada, "git commit -qm one && echo staged > s && git add s && echo y > a")
    mine = await sh(ada, LOOK)
    first = await checkpoints.save(TASK)
    await sh(ada, "rm a s")
    await checkpoints.restore(TASK, first)
    assert mine == await sh(ada, LOOK)


async def test_repositories_within_are_remembered_as_the_files_that_they_are(
    ada: SessionContext, checkpoints: Checkpoints
) -> None:
    make = "git init -q . && git config user.email a@b && git config user.name a && git config commit.gpgsign false"
    await sh(
        ada,
        f"""
        mkdir -p lib/inner fresh bare sub && (cd lib && {make} && echo lib > l && git add l && git commit -qm l)
        (cd lib/inner && {make} && echo inner > i && git add i && git commit -qm i && echo loose > loose)
        (cd fresh && {make} && echo never-committed > f); git init -q --bare bare; mkdir -p void && (cd void && {make})
        {make} && git -c protocol.file.allow=always submodule --quiet add ./lib sub2 && echo changed > sub2/l
        printf 'gitdir: /nowhere\\n' > sub/.git && echo s > sub/s
        """,
    )
    before = await state(ada)
    first = await checkpoints.save(TASK)
    await sh(
        ada,
        "echo A > lib/l; rm lib/inner/i sub/s; echo B > fresh/f; echo C > sub2/l; echo n | tee lib/new > void/n",
    )
    second = await checkpoints.save(TASK)
    await checkpoints.restore(TASK, first)
    assert await state(ada) == before
    assert "lib" in await sh(ada, "git -C lib log --oneline --format=%s; git -C lib/inner log --format=%s; cat lib/l")
    await checkpoints.restore(TASK, second)
    assert await sh(ada, "cat lib/l fresh/f sub2/l lib/new void/n") == "A\nB\nC\nn\nn"
    assert await sh(ada, "git -C lib status --porcelain | sort") == "M l\n?? inner/\n?? new"


async def test_a_file_may_become_a_repository_and_a_repository_a_file(
    ada: SessionContext, checkpoints: Checkpoints
) -> None:
    await sh(ada, "echo file > x; git init -q y && echo in > y/f; mkdir z && echo z > z/f")
    before = await state(ada)
    first = await checkpoints.save(TASK)
    await sh(
        ada,
        "rm x && git init -q x && echo in > x/f; rm -r y && echo file > y; git init -q z; mkdir z/d && echo d > z/d/f",
    )
    changed = await state(ada)
    second = await checkpoints.save(TASK)
    with pytest.raises(NoCheckpoint, match=r"at 'x/\.git' and it would be lost"):
        await checkpoints.restore(TASK, first)
    assert await state(ada) == changed
    await sh(ada, "rm -r x/.git")
    await checkpoints.restore(TASK, first)
    assert await state(ada) == before
    await checkpoints.restore(TASK, second)
    assert await state(ada) == changed


@pytest.mark.parametrize(
    ("then", "now", "path"),
    [
        ("echo a > p", "rm p; mkdir p; echo 'p/i' > .gitignore; echo mine > p/i", "p/i"),
        ("mkdir p; echo a > p/f", "rm -r p; echo p > .gitignore; echo mine > p", "p"),
        ("echo a > p", "rm p; mkdir -p p/node_modules/m; echo mine > p/node_modules/m/i", "p/node_modules/m/i"),
        ("mkdir p; echo a > p/f", "rm -r p; mkfifo p", "p"),
    ],
)
async def test_what_no_checkpoint_holds_is_never_taken_away(
    ada: SessionContext, checkpoints: Checkpoints, then: str, now: str, path: str
) -> None:
    await sh(ada, then)
    first = await checkpoints.save(TASK)
    await sh(ada, now)
    with pytest.raises(NoCheckpoint, match=f"at '{path}' and it would be lost"):
        await checkpoints.restore(TASK, first)
    assert await sh(ada, f"test -e {path} && echo there") == "there"


# -- attacks


def evil(what: str) -> str:
    return f"touch /workspace/pwned-{what}"


CONFIG = f"""
[core]
    fsmonitor = "{evil("fsmonitor")};false"
    hooksPath = /workspace/.git/hooks
    pager = {evil("pager")}
    sshCommand = {evil("ssh")}
    editor = {evil("editor")}
    gitProxy = {evil("proxy")}
    worktree = /home
    attributesFile = /workspace/.attributes
[filter "evil"]
    clean = {evil("clean")}
    smudge = {evil("smudge")}
    process = {evil("process")}
    required = true
[diff "evil"]
    textconv = {evil("textconv")};cat
    command = {evil("command")}
[diff]
    external = {evil("external")}
[merge "evil"]
    driver = {evil("merge")}
[include]
    path = /workspace/.more
[alias]
    ls-files = !{evil("alias")}
[gpg]
    program = /workspace/.hooks/gpg
[commit]
    gpgSign = true
[submodule "x"]
    update = !{evil("submodule")}
"""
MODULES = f"""[submodule "x"]
    path = nested
    url = ext::sh -c {evil("ext")}
    update = !{evil("update")}
"""
HOOKS = (
    "pre-commit", "post-commit", "post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc",
    "fsmonitor-watchman",
)  # fmt: skip
HOSTILE = r"""
git init -q . && git init -q nested
for where in .git nested/.git; do
  for hook in $HOOKS; do
    printf '#!/bin/sh\ntouch /workspace/pwned-hook-%s\n' $hook > $where/hooks/$hook; chmod 755 $where/hooks/$hook
  done
  cat .more >> $where/config
done
mkdir -p /home/.config/git deep && cp .more /home/.gitconfig && cp .more /home/.config/git/config
for where in .attributes .gitattributes deep/.gitattributes nested/.gitattributes; do
  printf '* filter=evil diff=evil merge=evil ident text eol=crlf working-tree-encoding=UTF-16\n' > $where
done
printf 'x\n$Id$\n' > a.txt; printf 'y\n' > deep/b.txt; printf 'z\n' > nested/c.txt
"""


async def test_nothing_in_a_workspace_runs(ada: SessionContext, checkpoints: Checkpoints) -> None:
    await sh(ada, f"printf '%s' {shlex.quote(CONFIG)} > .more; printf '%s' {shlex.quote(MODULES)} > .gitmodules")
    await sh(ada, f"HOOKS='{' '.join(HOOKS)}'\n{HOSTILE}")
    before = await state(ada)
    first = await checkpoints.save(TASK)
    await sh(ada, "printf 'changed\n' | tee a.txt deep/b.txt nested/c.txt > /dev/null")
    await checkpoints.diff(TASK, first)
    second = await checkpoints.save(TASK)
    await checkpoints.diff(TASK, first, second)
    await checkpoints.restore(TASK, first)
    await checkpoints.list(TASK)
    assert "pwned" not in await sh(ada, "ls -A . nested deep /home /tmp")
    assert await state(ada) == before


async def test_no_link_leads_out_of_the_workspace(ada: SessionContext, checkpoints: Checkpoints) -> None:
    await sh(ada, "mkdir -p d && echo mine > d/f && echo kept > /home/f && mkdir -p /home/x && echo kept > /home/x/f")
    first = await checkpoints.save(TASK)
    await sh(ada, "rm -r d && ln -s /home/x d")
    await checkpoints.restore(TASK, first)
    assert await sh(ada, "cat /home/f /home/x/f d/f; test -L d || echo folder") == "kept\nkept\nmine\nfolder"


async def test_git_itself_is_no_way_to_the_rest_of_the_users_world(
    ada: SessionContext, checkpoints: Checkpoints
) -> None:
    await sh(ada, "echo secret > /home/key; ln -s /home/key key; mkdir -p in && ln -s /home in/home; echo x > a")
    first = await checkpoints.save(TASK)
    place = await backstage.open(f"checkpoints-{TASK}")
    finished = await backstage.run(place, ["sh", "-c", "ls -d /home /tmp /run/roost/../x 2>&1; cat key in/home/key"])
    assert b"secret" not in finished.output and finished.output.count(b"No such file") >= 4
    await sh(ada, "rm key")
    await checkpoints.restore(TASK, first)
    assert await sh(ada, "readlink key; cat key") == "/home/key\nsecret"


# -- what does not fit


async def test_large_and_unreadable_files_are_left_out_and_told(ada: SessionContext, checkpoints: Checkpoints) -> None:
    await sh(ada, "echo x > a; head -c 11000000 /dev/zero > big.txt; echo s > closed; chmod 000 closed")
    first = await checkpoints.save(TASK)
    assert checkpoints.left_out(TASK) == {"big.txt": "it is larger than 10 MiB", "closed": "it may not be read"}
    await sh(ada, "echo y > a; echo small > big.txt")
    second = await checkpoints.save(TASK)
    await sh(ada, "head -c 11000000 /dev/zero > big.txt")
    await checkpoints.save(TASK)
    await checkpoints.restore(TASK, first)
    assert await sh(ada, "cat a; stat -c %s big.txt; stat -c %a closed") == "x\n11000000\n0"
    with pytest.raises(NoCheckpoint, match=r"nothing was put back: no checkpoint holds what is at 'big\.txt'"):
        await checkpoints.restore(TASK, second)
    assert await sh(ada, "cat a; mv big.txt /tmp") == "x"
    await checkpoints.restore(TASK, second)
    assert await sh(ada, "cat a big.txt") == "y\nsmall"


async def test_special_files_harm_nobody(ada: SessionContext, checkpoints: Checkpoints) -> None:
    await sh(ada, "mkfifo pipe; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")'; echo x > a")
    first = await checkpoints.save(TASK)
    await sh(ada, "echo y > a")
    await checkpoints.restore(TASK, first)
    assert await sh(ada, "cat a; test -p pipe && test -S sock && echo there") == "x\nthere"


async def test_over_the_quota_there_is_a_sentence_and_no_checkpoint(
    ada: SessionContext, checkpoints: Checkpoints
) -> None:
    assert ada.backstage is not None
    allowance = Allowance(Quotas(bytes=500_000), lambda: (0, 0))
    ada.backstage = Backstage(ada.backstage._folder, ada.backstage._make, allowance)
    await sh(ada, "head -c 400000 /dev/urandom > a.txt")
    await checkpoints.save(TASK)
    await sh(ada, "head -c 400000 /dev/urandom > b.txt")
    with pytest.raises(NoCheckpoint, match="no checkpoint is made: over the quota 'bytes'"):
        await checkpoints.save(TASK)


async def test_without_git_there_is_a_sentence(
    ada: SessionContext, checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_module, "SETUP", shadow_module.SETUP.replace("command -v git", "command -v no-git-here"))
    with pytest.raises(NoCheckpoint, match="checkpoints need git, which is not installed here"):
        await checkpoints.save(TASK)


async def test_without_a_sandbox_there_is_a_sentence(tmp_path: Path) -> None:
    async with people(tmp_path) as sessions:
        with (await sessions.open("ada")).entered("roost.coder"), pytest.raises(NoCheckpoint, match="no backstage"):
            await Checkpoints().save(TASK)


async def test_a_git_that_was_killed_in_the_middle_is_looked_after(
    ada: SessionContext, checkpoints: Checkpoints
) -> None:
    await sh(ada, "echo x > a")
    first = await checkpoints.save(TASK)
    await sh(ada, "for i in $(seq 2000); do echo $i > f$i; done")
    saving = asyncio.ensure_future(checkpoints.save(TASK))
    await asyncio.sleep(0.03)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    place = await backstage.open(f"checkpoints-{TASK}")
    await backstage.run(place, ["sh", "-c", "touch /backstage/repository/index.lock"])
    await checkpoints.save(TASK)
    await checkpoints.restore(TASK, first)
    assert await sh(ada, "ls") == "a"


async def test_two_at_once_wait_for_each_other(ada: SessionContext, checkpoints: Checkpoints) -> None:
    await sh(ada, "for i in $(seq 200); do echo $i > f$i; done")
    saved = await asyncio.gather(*(checkpoints.save(TASK) for _ in range(4)), checkpoints.save("other"))
    assert len(set(saved[:4])) == 4


async def test_a_workspace_that_changes_meanwhile_is_taken_as_it_is_found(
    ada: SessionContext, checkpoints: Checkpoints
) -> None:
    await sh(ada, "for i in $(seq 300); do echo $i > f$i; done")
    process = await (await ada.sandbox()).start(
        ["bash", "-c", "while :; do for i in $(seq 300); do rm -f f$i; echo $RANDOM > f$i; done; done"]
    )
    try:
        for _ in range(5):
            await checkpoints.save(TASK)
    finally:
        await process.kill()
        process.close()
    assert len(await checkpoints.list(TASK)) == 5


# -- on one's own machine


async def test_on_ones_own_machine_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, home = tmp_path / "project", tmp_path / "home"
    for place in (workspace, home, tmp_path / "data"):
        place.mkdir()
    pwned = tmp_path / "pwned"
    (home / ".gitconfig").write_text(
        f'[core]\n\tfsmonitor = "touch {pwned};false"\n'
        f'[filter "evil"]\n\tclean = touch {pwned}\n\tsmudge = touch {pwned}\n'
    )
    (workspace / ".gitattributes").write_text("* filter=evil\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    failures: list[str] = []
    async with asyncio.TaskGroup() as group, people(tmp_path / "data") as sessions:
        session = await sessions.open("local")
        tasks = Tasks(group, lambda name, error: failures.append(name))

        async def beside(folder: Path) -> Sandbox:
            await asyncio.to_thread(kept.prepare, folder, None)
            world = World("local", {}, folder / "run", None, str(folder / "files"), str(workspace))
            return Sandbox(world, OFF, "host", None, tasks)

        session.backstage = Backstage(tmp_path / "data" / "backstage", beside, session.allowance)
        with session.entered("roost.coder"):
            checkpoints = Checkpoints()
            await asyncio.to_thread((workspace / "a").write_text, "one")
            first = await checkpoints.save(TASK)
            await asyncio.to_thread((workspace / "a").write_text, "two")
            await asyncio.to_thread((workspace / "b").write_text, "new")
            await checkpoints.restore(TASK, first)
            assert await asyncio.to_thread((workspace / "a").read_text) == "one"
            assert not await asyncio.to_thread((workspace / "b").exists)
            assert not await asyncio.to_thread((workspace / ".git").exists)
            assert not await asyncio.to_thread(pwned.exists)
    assert not failures


@pytest.mark.parametrize("folder", ["/", "/home/me", "/home/me/", "/home/me/Desktop", "/home/me/Downloads/"])
def test_a_home_folder_as_a_whole_is_refused(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    with pytest.raises(NoCheckpoint, match="open a folder in it"):
        refuse_too_much(folder)
    refuse_too_much("/home/me/project")


def test_what_git_lfs_holds_is_left_out() -> None:
    attributes = "*.psd filter=lfs diff=lfs -text\n# *.txt filter=lfs\n*.py text\nassets/** filter=lfs\n!x filter=lfs\n"
    assert held_by_lfs(attributes) == ["*.psd", "assets/**"]
    assert {"node_modules/", "*.png", "*.zip", "assets/**"} <= set(patterns(attributes))


async def test_sixty_checkpoints_of_five_thousand_files_are_quick(
    ada: SessionContext, checkpoints: Checkpoints
) -> None:
    await sh(ada, "for d in $(seq 100); do mkdir d$d; for f in $(seq 50); do echo file $d $f > d$d/f$f.py; done; done")
    began = time.monotonic()
    await checkpoints.save(TASK)
    first = time.monotonic() - began
    each = []
    for number in range(1, 61):
        await sh(ada, f"echo {number} >> d{number}/f1.py; echo n > d{number}/new{number}.py")
        began = time.monotonic()
        await checkpoints.save(TASK)
        each.append(time.monotonic() - began)
    each.sort()
    told = [round(seconds * 1000) for seconds in (first, each[30], each[54], each[-1])]
    print("the first {} ms; of the others p50 {}, p90 {}, most {}".format(*told))
    assert first < 15 and each[30] < 1
    assert ada.backstage is not None
    size = await asyncio.to_thread(lambda: list((ada.backstage._folder).rglob("*")) if ada.backstage else [])
    assert len(size) < 1500, "what is kept costs few inodes"


NAMES = ("a", "b", "c", "d e", "ü", "x.py")


def change(chance: random.Random) -> str:
    """A change of the workspace, of files, folders, links and repositories at a few places; some do nothing."""
    one, other = (shlex.quote("/".join(chance.choices(NAMES, k=chance.choice((1, 1, 2, 2, 3))))) for _ in range(2))
    made = f"echo {chance.random()} >"
    doing = chance.choice(
        (
            f'mkdir -p "$(dirname {one})" && [ ! -d {one} ] && {made} {one}',
            f"rm -rf {one}",
            f"rm -rf {one}; mkdir -p {one} && {made} {one}/n",
            f"rm -rf {one}; ln -s ../{other} {one}",
            f"[ -f {one} ] && chmod 755 {one}",
            f"[ -e {one} ] && mv {one} {other}",
            f"[ -d {one} ] && git init -q {one} && {made} {one}/i",
        )
    )
    return f"({doing}) 2>/dev/null"


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_any_changes_every_state_comes_back(
    ada: SessionContext, checkpoints: Checkpoints, seed: int
) -> None:
    chance = random.Random(seed)
    saved: list[tuple[str, str]] = []
    for _ in range(40):
        await sh(ada, "\n".join([*(change(chance) for _ in range(chance.randint(1, 8))), "true"]))
        now = await state(ada)
        if not saved or chance.random() < 0.6:
            saved.append((await checkpoints.save(TASK), now))
            assert await state(ada) == now
            continue
        checkpoint, then = chance.choice(saved)
        try:
            saved.append((await checkpoints.restore(TASK, checkpoint), now))
        except NoCheckpoint as refused:
            assert "would be lost" in str(refused)
            then = now
        assert await state(ada) == then
