"""Repositories that mean harm, or are only odd: what they name, what they are called, how large they are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

import shim as vscode
from extensions.git.program import Git, GitError
from tests.extensions.git.test_git import User, users

pytestmark = pytest.mark.anyio

ODD = (
    "-n",
    "--all",
    "a b",
    "tab\there",
    "line\nbreak",
    "ü",
    "🐙",
    '"quoted"',
    "$(touch trapped)",
    "*",
    ":(glob)x",
    "#x",
    "x\\y",
)
"""Names that a shell, an option parser, a pathspec or a line-wise reader would take for something else."""


@pytest.fixture
async def ada() -> AsyncIterator[User]:
    async with users("ada") as (one,):
        with one.session.entered("vscode.git"):
            yield one


def changes(user: User, group: str) -> list[str]:
    (repository,) = user.model.repositories
    return sorted(one.path for one in getattr(repository.found, group))


@pytest.mark.parametrize("name", ODD)
async def test_a_file_of_any_name_is_staged_unstaged_looked_at_and_committed_alone(ada: User, name: str) -> None:
    path = vscode.Uri.file(f"/workspace/{name}")
    await vscode.workspace.fs.write_file(path, b"odd\n")
    await vscode.workspace.fs.write_file(vscode.Uri.file("/workspace/other"), b"other\n")
    await ada.do("refresh")
    assert changes(ada, "untracked") == sorted([name, "other"])
    await ada.do("stage", path)
    assert (changes(ada, "index"), changes(ada, "untracked")) == ([name], ["other"])
    assert "+odd" in await ada.do("diff", path.path, True)
    await ada.do("unstage", path)
    assert (changes(ada, "index"), changes(ada, "untracked")) == ([], sorted([name, "other"]))
    await ada.do("stage", path)
    ada.model.repositories[0].control.input_box.value = "-m --amend"
    await ada.do("commit")
    assert (changes(ada, "index"), changes(ada, "untracked")) == ([], ["other"])
    assert await ada.sh("git log -1 --format=%s") == "-m --amend\n"
    assert "trapped" not in (await ada.sh("ls . ~")).splitlines()


async def test_a_name_that_is_no_text_is_shown_and_committed_with_all(ada: User) -> None:
    await ada.sh("printf x >\"$(printf 'caf\\351')\"")
    await ada.do("refresh")
    assert len(changes(ada, "untracked")) == 1
    assert ada.groups()  # what is shown can be said in JSON
    await ada.do("stageAll")
    ada.model.repositories[0].control.input_box.value = "All"
    await ada.do("commit")
    assert ada.model.repositories[0].found.index == ()


async def test_words_of_git_are_no_changes(ada: User) -> None:
    """A warning, such as of a folder that nobody may read, stands beside the status."""
    await ada.sh("mkdir closed && touch closed/f && chmod 0 closed && echo x >a.txt")
    try:
        await ada.do("refresh")
        assert changes(ada, "working_tree") == ["a.txt"]
        assert changes(ada, "untracked") in ([], ["closed/f"])  # root may read it
        assert ada.model.repositories[0].found.head.name == "main"
    finally:
        await ada.sh("chmod 755 closed")


@pytest.mark.parametrize(
    "setting",
    [
        "core.worktree /home",
        "core.worktree /etc",
        "include.path /etc/passwd",
        "core.hooksPath /proc/self/cwd",
        "core.sshCommand 'touch ~/trapped'",
        "credential.helper '!touch ~/trapped'",
        "core.askPass 'touch ~/trapped'",
        "gpg.program 'touch ~/trapped'",
        "alias.status '!touch ~/trapped'",
        "status.showUntrackedFiles no",
        "core.quotePath true",
        "color.ui always",
        "status.relativePaths false",
        "status.submoduleSummary true",
        "core.pager 'touch ~/trapped'",
        "pager.status true",
    ],
)
async def test_a_setting_of_a_repository_neither_runs_anything_nor_hides_nor_garbles_what_is_shown(
    ada: User, setting: str
) -> None:
    await ada.sh(f"git config {setting}; echo x >a.txt; echo y >new.txt")
    try:
        await ada.do("refresh")
    except GitError:
        pass  # git itself refuses that setting: nothing is shown anew
    else:
        if "worktree" not in setting:
            assert (changes(ada, "working_tree"), changes(ada, "untracked")) == (["a.txt"], ["new.txt"])
    await ada.sh("git config --file .git/config --remove-section core; true")
    assert "trapped" not in await ada.sh("ls ~")


async def test_what_a_repository_points_to_outside_of_the_users_world_is_not_there(ada: User) -> None:
    await ada.sh("mkdir out file && ln -s /etc out/.git && echo 'gitdir: /root/.git' >file/.git")
    await ada.do("refresh")
    assert [one.root.path for one in ada.model.repositories] == ["/workspace"]


async def test_a_filter_that_never_ends_is_ended_and_keeps_no_other_user_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(Git.run.__kwdefaults__, "seconds", 2.0)
    async with users("ada", "ben") as (ada, ben):
        with ada.session.entered("vscode.git"):
            await ada.sh(
                "git config filter.slow.clean 'sleep 3600'; echo '* filter=slow' >.gitattributes; echo other >a.txt"
            )
            stuck = asyncio.gather(ada.model.repositories[0].refresh(), return_exceptions=True)
            await asyncio.sleep(0)
        with ben.session.entered("vscode.git"):
            await ben.write("mine.txt", "x")
            began = time.monotonic()
            await ben.do("refresh")
            assert time.monotonic() - began < 10
            assert changes(ben, "untracked") == ["mine.txt"]
        with ada.session.entered("vscode.git"):
            async with asyncio.timeout(20):
                (ended,) = await stuck
            assert isinstance(ended, GitError)
            assert "it took longer than 2 s" in str(ended)


async def test_a_hook_that_refuses_keeps_the_message_and_says_why(ada: User) -> None:
    await ada.sh(
        "printf '#!/bin/sh\\necho not today >&2\\nexit 1\\n' >.git/hooks/commit-msg; chmod +x .git/hooks/commit-msg"
    )
    await ada.sh("echo x >a.txt; git add a.txt")
    box = ada.model.repositories[0].control.input_box
    box.value = "Try"
    with pytest.raises(GitError, match="not today"):
        await ada.do("commit")
    assert (box.value, changes(ada, "index")) == ("Try", ["a.txt"])


async def test_of_very_many_changes_some_are_shown(ada: User) -> None:
    await ada.sh("mkdir many && cd many && seq 1 12000 | xargs touch")
    await ada.do("refresh")
    (repository,) = ada.model.repositories
    assert repository.found.too_many
    assert len(repository.found.untracked) == 2_000


async def test_a_file_of_another_user_is_named_in_vain() -> None:
    async with users("ada", "ben") as (ada, ben):
        with ada.session.entered("vscode.git"):
            await ada.write("a.txt", "ada's\n")
        with ben.session.entered("vscode.git"):
            await ben.write("a.txt", "ben's\n")
            for path in ("/workspace/../../ada/root/workspace/a.txt", "/users/ada/root/workspace/a.txt"):
                try:
                    said = await ben.do("diff", path)
                except (GitError, ValueError):
                    continue
                assert "ada's" not in said
            await ben.do("stage", "/workspace/a.txt")
            assert changes(ben, "index") == ["a.txt"]
        with ada.session.entered("vscode.git"):
            await ada.do("refresh")
            assert (changes(ada, "index"), changes(ada, "working_tree")) == ([], ["a.txt"])
