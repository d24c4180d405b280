"""The extension with real repositories in real sandboxes: what it shows, what its commands do, for its user alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, cast
from urllib.parse import quote

import pytest

import shim as vscode
from extensions.git import cloning
from extensions.git.commands import Commands
from extensions.git.exports import GitExtension
from extensions.git.model import Model
from extensions.git.originals import INDEX, original_uri
from extensions.git.program import GitError
from extensions.git.status import Status
from sessions.context import SessionContext
from shim.proposed import processes
from tests.inside import tenants
from tests.sessions.stores import eventually
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio

SETUP = """
git init -q -b main . && git config user.name Ada && git config user.email ada@example.org
printf 'one\\n' >a.txt; printf 'two\\n' >'b c.txt'; printf '*.log\\nbuild/\\n' >.gitignore
git add -A && git commit -q -m first
"""


DEFAULTS = {"git.untrackedChanges": "mixed", "git.statusLimit": 2_000, "git.enableSmartCommit": False}
"""The settings of the manifest."""


class User:
    """One user with the extension, and what they see of it."""

    def __init__(self, session: SessionContext, model: Model) -> None:
        self.session = session
        self.model = model
        self.commands = Commands(model)
        self.api = GitExtension(model).get_api(1)

    async def do(self, command: str, *arguments: object) -> Any:
        return await self.commands.all[f"git.{command}"](*arguments)

    async def asked(self, work: Awaitable[Any], *answers: object) -> Any:
        """What a command gives whose questions get these answers."""
        running = asyncio.ensure_future(work)
        for answer in answers:
            await eventually(lambda: self.session.requests.waiting)
            (request,) = self.session.requests.waiting
            self.session.requests.answer(request.id, answer, None)
            await eventually(lambda: request not in self.session.requests.waiting)  # noqa: B023
        return await running

    async def sh(self, line: str) -> str:
        done = await processes.run([processes.SHELL, "-c", line], timeout=30)
        assert done.exit_code == 0, done.output
        return done.output.decode()

    async def write(self, path: str, text: str) -> None:
        await self.session.files.write(f"/workspace/{path}", text.encode())

    def groups(self) -> dict[str, list[tuple[str, str]]]:
        """What the user's clients show: each group that is not empty, its files and their states."""
        return {
            group["id"]: [
                (one["resourceUri"].removeprefix("file:///workspace/"), one["contextValue"])
                for one in group["resourceStates"]
            ]
            for group in Screen(self.session, late=True).of("sourceControlResourceGroup")
            if group["count"]
        }

    async def shows(self, **groups: list[tuple[str, str]]) -> None:
        """Wait until exactly this is shown: it is followed, nobody asks for it."""
        try:
            await eventually(lambda: self.groups() == groups)
        except BaseException:
            assert self.groups() == groups
            raise


@asynccontextmanager
async def users(*uids: str, setup: str = SETUP) -> AsyncIterator[list[User]]:
    """Users whose workspaces are repositories, each with the extension active."""
    async with tenants(*uids) as (_, sessions):
        found = []
        for session in sessions:
            session.settings.register_defaults(DEFAULTS)
            with session.entered("vscode.git"):
                if setup:
                    done = await processes.run([processes.SHELL, "-c", setup], timeout=30)
                    assert done.exit_code == 0, done.output
                model = Model()
                await model.find()
                found.append(User(session, model))
        yield found
        for user in found:
            with user.session.entered("vscode.git"):
                user.model.dispose()


@pytest.fixture
async def ada() -> AsyncIterator[User]:
    async with users("ada") as (one,):
        with one.session.entered("vscode.git"):
            yield one


# -- what is shown


async def test_changes_are_followed_as_they_happen_and_stand_in_their_groups(ada: User) -> None:
    assert ada.groups() == {}
    await ada.write("a.txt", "other\n")
    await ada.write("new.txt", "new\n")
    await ada.shows(workingTree=[("a.txt", "modified"), ("new.txt", "untracked")])
    await ada.sh("git add a.txt && rm 'b c.txt'")
    await ada.shows(
        index=[("a.txt", "index_modified")], workingTree=[("b%20c.txt", "deleted"), ("new.txt", "untracked")]
    )
    await ada.sh("git add -A && git commit -qm more")
    await ada.shows()


async def test_two_users_see_each_their_own_repository_only() -> None:
    async with users("ada", "ben") as (ada, ben):
        with ada.session.entered("vscode.git"):
            await ada.write("secret.txt", "ada's")
        await ada.shows(workingTree=[("secret.txt", "untracked")])
        assert ben.groups() == {}
        with ben.session.entered("vscode.git"):
            assert (await ben.do("diff", "/workspace/a.txt"), len(ben.model.repositories)) == ("", 1)
            with pytest.raises(GitError):
                await ben.do("diff", "/home/secret.txt")


async def test_files_are_marked_with_vs_codes_letters_and_colours(ada: User) -> None:
    await ada.sh("echo x >a.txt; echo y >new.txt; mkdir build; echo z >build/out; echo l >x.log; git rm -q 'b c.txt'")
    await ada.do("refresh")

    def mark(path: str) -> tuple[str | None, str | None] | None:
        found = ada.model.provide_file_decoration(vscode.Uri.file(f"/workspace/{path}"), vscode.CancellationToken.NONE)
        return found and (found.badge, found.color and found.color.id.removeprefix("gitDecoration."))

    assert mark("a.txt") == ("M", "modifiedResourceForeground")
    assert mark("new.txt") == ("U", "untrackedResourceForeground")
    assert mark("b c.txt") == ("D", "stageDeletedResourceForeground")
    assert mark("build/out") == mark("x.log") == (None, "ignoredResourceForeground")
    assert (mark(".gitignore"), mark("../home/x")) == (None, None)


async def test_a_change_of_marks_names_the_files_that_changed(ada: User) -> None:
    told: list[str] = []
    ada.model.on_did_change_file_decorations(lambda uris: told.extend(uri.path for uri in uris))
    await ada.write("a.txt", "x\n")
    await eventually(lambda: told == ["/workspace/a.txt"])


async def test_a_repository_that_comes_is_found_and_one_that_goes_is_let_go() -> None:
    async with users("ada", setup="true") as (ada,):
        with ada.session.entered("vscode.git"):
            assert ada.model.repositories == []
            await ada.sh("mkdir below && cd below && git init -q . && echo x >f")
            await eventually(lambda: [one.root.path for one in ada.model.repositories] == ["/workspace/below"])
            await ada.shows(workingTree=[("below/f", "untracked")])
            await ada.sh("rm -rf below")
            await eventually(lambda: ada.model.repositories == [])
            assert Screen(ada.session, late=True).of("sourceControl") == []


async def test_untracked_files_are_shown_where_the_user_wants_them(ada: User) -> None:
    ada.session.settings.register_defaults({"git.untrackedChanges": "separate"})
    await ada.write("new.txt", "new\n")
    await ada.shows(untracked=[("new.txt", "untracked")])


async def test_only_so_many_changes_are_shown(ada: User) -> None:
    ada.session.settings.register_defaults({"git.statusLimit": 10})
    await ada.sh("for i in $(seq 50); do echo >f$i; done")
    await ada.do("refresh")
    assert len(ada.groups()["workingTree"]) == 10
    assert ada.model.repositories[0].found.too_many


# -- changes


async def test_files_are_staged_and_unstaged_one_by_one_and_all(ada: User) -> None:
    await ada.sh("echo x >a.txt; echo y >'-n ew.txt'; rm 'b c.txt'")
    await ada.do("refresh")
    await ada.do("stage", "/workspace/-n ew.txt", {"resourceUri": "file:///workspace/b%20c.txt"})
    assert ada.groups() == {
        "index": [("-n%20ew.txt", "index_added"), ("b%20c.txt", "index_deleted")],
        "workingTree": [("a.txt", "modified")],
    }
    await ada.do("unstage", vscode.Uri.file("/workspace/b c.txt"))
    assert [name for name, _ in ada.groups()["index"]] == ["-n%20ew.txt"]
    await ada.do("stageAll")
    assert list(ada.groups()) == ["index"]
    await ada.do("unstageAll")
    assert list(ada.groups()) == ["workingTree"]


async def test_before_the_first_commit_files_are_unstaged_too() -> None:
    async with users("ada", setup="git init -q . && echo x >a && git add a") as (ada,):
        with ada.session.entered("vscode.git"):
            await ada.do("unstage", "/workspace/a")
            assert ada.groups() == {"workingTree": [("a", "untracked")]}


async def test_a_pattern_as_a_name_is_that_file_only(ada: User) -> None:
    await ada.sh("echo 1 >'*.txt'; echo x >a.txt")
    await ada.do("refresh")
    await ada.do("stage", "/workspace/*.txt")
    assert [name for name, _ in ada.groups()["index"]] == ["%2A.txt"]


async def test_discarding_asks_and_then_brings_back_what_was(ada: User) -> None:
    await ada.sh("echo x >a.txt; echo y >new.txt")
    await ada.do("refresh")
    await ada.asked(ada.do("clean", "/workspace/a.txt"), None)
    assert await ada.sh("cat a.txt") == "x\n"
    await ada.asked(ada.do("cleanAll"), "Discard Changes")
    assert await ada.sh("cat a.txt; ls") == "one\na.txt\nb c.txt\n"
    assert ada.groups() == {}


async def test_what_is_staged_is_committed_with_the_message_that_was_typed(ada: User) -> None:
    await ada.sh("echo x >a.txt; git add a.txt; echo y >new.txt")
    box = ada.model.repositories[0].control.input_box
    box.value = "Say --more\n\nand why"
    await ada.do("commit")
    assert (box.value, ada.groups()) == ("", {"workingTree": [("new.txt", "untracked")]})
    (newest, _) = await ada.api.repositories[0].log()
    assert (newest.author_name, newest.message) == ("Ada", "Say --more\n\nand why")


async def test_with_nothing_staged_it_is_asked_whether_all_is_meant(ada: User) -> None:
    await ada.sh("echo x >a.txt")
    await ada.asked(ada.do("commit"), None)
    assert len(await ada.api.repositories[0].log()) == 1
    await ada.asked(ada.do("commit"), "Yes", "All of it")
    assert [one.message for one in await ada.api.repositories[0].log()] == ["All of it", "first"]


async def test_a_commit_can_be_amended(ada: User) -> None:
    await ada.sh("echo x >a.txt; git add a.txt")
    await ada.do("commitAmend")
    assert [one.message for one in await ada.api.repositories[0].log()] == ["first"]
    assert ada.groups() == {}


async def test_a_commit_with_conflicts_is_refused_with_the_way_out(ada: User) -> None:
    await ada.sh("git checkout -qb side; echo s >a.txt; git commit -qam s; git checkout -q main; echo m >a.txt; "
                 "git commit -qam m; git merge side >/dev/null || :")  # fmt: skip
    await ada.do("refresh")
    assert ada.groups() == {"merge": [("a.txt", "both_modified")]}
    with pytest.raises(GitError, match="resolve them and stage"):
        await ada.do("commit")


# -- branches and remotes


async def test_branches_are_made_and_checked_out(ada: User) -> None:
    await ada.asked(ada.do("branch"), "feature/x")
    assert ada.api.repositories[0].state.HEAD.name == "feature/x"
    await ada.asked(ada.do("checkout"), "main")
    assert ada.api.repositories[0].state.head.name == "main"
    with pytest.raises(GitError):
        await ada.asked(ada.do("branch"), "-bad..name")


async def test_work_is_put_aside_and_brought_back(ada: User) -> None:
    await ada.sh("echo x >a.txt")
    await ada.do("stash")
    assert (await ada.sh("cat a.txt"), ada.groups()) == ("one\n", {})
    await ada.do("stashPop")
    assert ada.groups() == {"workingTree": [("a.txt", "modified")]}


async def test_a_file_whose_name_is_no_utf_8_is_staged_unstaged_and_discarded_by_its_own_name(ada: User) -> None:
    name = "caf\ufffd.txt"
    await ada.sh("printf x >$(printf 'caf\\351.txt'); printf y >other.txt")
    await ada.do("refresh")
    await ada.shows(workingTree=[(quote(name), "untracked"), ("other.txt", "untracked")])
    await ada.do("stage", f"/workspace/{name}")
    assert await ada.sh("git -c core.quotePath=true diff --cached --name-only") == '"caf\\351.txt"\n'
    await ada.sh("git commit -qm odd; printf z >$(printf 'caf\\351.txt')")
    await ada.do("refresh")
    await ada.do("stage", f"/workspace/{name}")
    await ada.do("unstage", f"/workspace/{name}")
    assert await ada.sh("git diff --cached --name-only") == ""
    await ada.asked(ada.do("clean", f"/workspace/{name}"), "Discard Changes")
    assert await ada.sh("cat $(printf 'caf\\351.txt')") == "x"


async def test_a_branch_is_published_pushed_and_pulled(ada: User) -> None:
    await ada.sh("git init -q --bare ~/origin.git && git remote add origin ~/origin.git")
    await ada.do("push")
    assert ada.api.repositories[0].state.HEAD.upstream == "origin/main"
    await ada.sh("echo x >a.txt; git commit -qam second")
    await ada.do("refresh")
    assert ada.api.repositories[0].state.HEAD.ahead == 1
    await ada.do("sync")
    assert ada.api.repositories[0].state.HEAD.ahead == 0


async def test_a_push_to_nowhere_says_how_to_get_a_remote(ada: User) -> None:
    with pytest.raises(GitError, match="git remote add origin"):
        await ada.do("push")


async def test_a_repository_is_cloned_with_progress_and_then_shown(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shim.surface.TOGETHER_S", 0.0)  # what is done that soon is not shown at all
    screen = Screen(ada.session, late=True)
    await ada.sh("git clone -q --bare . ~/copied.git")
    folder = await ada.do("clone", "file:///home/copied.git")
    await screen.look()
    seen = [data for type, data in screen.events if data.get("kind") == "progress"]
    assert folder == "/workspace/copied"
    assert await ada.sh("cat copied/a.txt") == "one\n"
    assert "Cloning copied" in str(seen)
    assert [one.root.path for one in ada.model.repositories] == ["/workspace", "/workspace/copied"]
    with pytest.raises(ValueError, match="has 'copied' already"):
        await ada.do("clone", "file:///home/copied.git")


async def test_a_clone_that_fails_leaves_nothing_and_says_why(ada: User) -> None:
    with pytest.raises(GitError, match="git clone: "):
        await ada.do("clone", "/home/nothing.git")
    assert "nothing" not in await ada.sh("ls")


async def test_a_folder_that_came_meanwhile_is_not_taken_for_what_a_clone_has_left(ada: User) -> None:
    await ada.sh("git clone -q --bare . ~/copied.git; mkdir copied; echo mine >copied/f")
    git, shown = ada.model.git(ada.model.folder), cast(Any, None)
    with pytest.raises(GitError, match="already exists"):
        await cloning.clone(git, "/home/copied.git", "copied", shown, vscode.CancellationToken.NONE)
    assert await ada.sh("cat copied/f") == "mine\n"


# -- looking


async def test_a_diff_is_of_what_is_staged_or_of_what_is_not(ada: User) -> None:
    await ada.sh("echo x >a.txt; git add a.txt; echo y >a.txt; printf 'n\\n' >new.txt")
    await ada.do("refresh")
    assert "-one\n+x\n" in await ada.do("diff", "/workspace/a.txt", True)
    assert "-x\n+y\n" in await ada.do("diff", "/workspace/a.txt")
    assert "+n\n" in await ada.do("diff", "/workspace/new.txt")


async def test_what_a_file_was_is_a_document(ada: User) -> None:
    await ada.write("a.txt", "x\n")
    await ada.do("refresh")
    repository = ada.model.repositories[0]
    uri = repository.provide_original_resource(vscode.Uri.file("/workspace/a.txt"), vscode.CancellationToken.NONE)
    assert uri is not None
    assert await ada.model.provide_text_document_content(uri, vscode.CancellationToken.NONE) == "one\n"


async def test_what_is_open_of_the_index_is_read_again_once_something_else_is_staged(ada: User) -> None:
    vscode.workspace.register_text_document_content_provider("git", ada.model)
    document = await vscode.workspace.open_text_document(original_uri(vscode.Uri.file("/workspace/a.txt"), INDEX))
    assert document.get_text() == "one\n"
    await ada.sh("echo two >a.txt && git add a.txt")
    await eventually(lambda: document.get_text() == "two\n")


async def test_other_extensions_hear_of_repositories_as_they_get_them(ada: User) -> None:
    heard: list[tuple[str, str]] = []
    ada.api.on_did_open_repository(lambda one: heard.append(("opened", one.root_uri.path)))
    ada.api.on_did_close_repository(lambda one: heard.append(("closed", one.root_uri.path)))
    await ada.sh("git init -q below")
    await ada.do("refresh")
    await ada.sh("rm -rf below")
    await ada.do("refresh")
    assert heard == [("opened", "/workspace/below"), ("closed", "/workspace/below")]


async def test_other_extensions_get_vs_codes_api(ada: User) -> None:
    await ada.sh("git mv a.txt moved.txt")
    repository = ada.api.get_repository(vscode.Uri.file("/workspace/moved.txt"))
    assert repository is not None
    await repository.status()
    (change,) = repository.state.index_changes
    assert (change.uri.path, change.original_uri.path) == ("/workspace/moved.txt", "/workspace/a.txt")
    assert change.status is Status.INDEX_RENAMED
    assert await repository.show("HEAD", "/workspace/a.txt") == "one\n"
    with pytest.raises(ValueError, match="must not begin"):
        await repository.show("--output=x", "/workspace/a.txt")


# -- what repositories may try


@pytest.mark.parametrize(
    "trap",
    [
        "git config core.fsmonitor 'touch ~/trapped; false'",
        "git config core.pager 'touch ~/trapped'",
        "git config diff.external 'touch ~/trapped'",
        "git config diff.evil.textconv 'touch ~/trapped; cat'; echo '* diff=evil' >.gitattributes",
        "git config core.editor 'touch ~/trapped'",
    ],
)
async def test_looking_at_a_repository_starts_nothing_that_it_names(ada: User, trap: str) -> None:
    await ada.sh(f"{trap}; echo x >a.txt")
    await ada.do("refresh")
    await ada.do("diff", "/workspace/a.txt")
    await ada.api.repositories[0].log()
    await ada.api.repositories[0].show("HEAD", "/workspace/a.txt")
    assert "trapped" not in await ada.sh("ls ~")


async def test_a_repository_that_is_broken_keeps_no_other_from_being_shown(ada: User) -> None:
    await ada.sh("mkdir -p broken/.git good && cd good && git init -q . && echo x >f")
    await ada.do("refresh")
    assert [one.root.path for one in ada.model.repositories] == ["/workspace", "/workspace/good"]


# -- when it ends


async def test_a_look_that_is_due_when_the_extension_ends_is_left_and_one_under_way_says_only_what_git_said(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository,) = ada.model.repositories
    await ada.write(".git/index", "none of git's")
    begun, over, data = asyncio.Event(), asyncio.Event(), type(repository.git).data

    async def slow(*arguments: Any) -> Any:
        begun.set()
        try:
            return await data(*arguments)
        finally:
            await over.wait()

    monkeypatch.setattr(type(repository.git), "data", slow)
    under_way = asyncio.ensure_future(repository.refresh())
    due = asyncio.ensure_future(repository.refresh())
    await begun.wait()
    ada.model.dispose()
    over.set()
    with pytest.raises(GitError, match="index"):
        await under_way
    await due
