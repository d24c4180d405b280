"""What other extensions get of this one: the part of VS Code's `git.d.ts` that most use, in snake_case.

`vscode.extensions.get_extension("vscode.git").exports.get_api(1).repositories`
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import shim as vscode
from extensions.git.model import Model, Ref
from extensions.git.repository import Repository as Shown
from extensions.git.status import Change as Found
from extensions.git.status import Status

__all__ = ("API", "Change", "Commit", "GitExtension", "Head", "Repository", "State")


class Change(NamedTuple):
    """A file that differs: what it is called, and what it was called before."""

    uri: vscode.Uri
    original_uri: vscode.Uri
    rename_uri: vscode.Uri | None
    status: Status


class Head(NamedTuple):
    """The branch that is checked out; `name` is None where none is."""

    name: str | None
    commit: str | None
    upstream: str | None
    ahead: int
    behind: int


class Commit(NamedTuple):
    """One commit of the log."""

    hash: str
    author_name: str
    author_email: str
    author_date: str
    message: str


class State:
    """How a repository is, as last seen."""

    def __init__(self, of: Shown) -> None:
        self._of = of

    @property
    def on_did_change(self) -> vscode.Event[object]:
        """Fires when anything of it is other than before."""
        return self._of.changed.event

    @property
    def head(self) -> Head:
        found = self._of.found.head
        return Head(found.name, found.commit, found.upstream, found.ahead, found.behind)

    HEAD = head

    def _changes(self, found: tuple[Found, ...]) -> list[Change]:
        changes = []
        for one in found:
            uri = self._of.absolute(one.path)
            original = uri if one.original is None else self._of.absolute(one.original)
            changes.append(Change(uri, original, None if one.original is None else uri, one.status))
        return changes

    @property
    def merge_changes(self) -> list[Change]:
        return self._changes(self._of.found.merge)

    @property
    def index_changes(self) -> list[Change]:
        return self._changes(self._of.found.index)

    @property
    def working_tree_changes(self) -> list[Change]:
        return self._changes(self._of.found.working_tree)

    @property
    def untracked_changes(self) -> list[Change]:
        return self._changes(self._of.found.untracked)


class Repository:
    """A repository, for other extensions. Methods raise `GitError`."""

    def __init__(self, model: Model, of: Shown) -> None:
        self._model = model
        self._of = of
        self.root_uri = of.root
        self.input_box = of.control.input_box
        self.state = State(of)

    async def status(self) -> None:
        """Look at it again."""
        await self._of.refresh()

    async def add(self, paths: list[str]) -> None:
        """Stage files."""
        await self._of.git.run("--literal-pathspecs", "add", "--all", "--", *map(self._of.relative, paths))
        await self._of.refresh()

    async def commit(self, message: str, *, all: bool = False) -> None:
        """Commit what is staged, or with `all` every change of files that git follows."""
        await self._of.git.run("commit", "--quiet", "--file=-", *(("--all",) if all else ()), stdin=message.encode())
        await self._of.refresh()

    async def diff(self, cached: bool = False) -> str:
        """All that is not staged, or all that is, as a unified diff."""
        return await self._of.git.text("diff", "--no-ext-diff", "--no-textconv", *(("--cached",) if cached else ()))

    async def show(self, ref: str, path: str) -> str:
        """A file as it is in a commit."""
        if ref.startswith("-"):
            raise ValueError("ref: must not begin with '-'")
        return await self._of.git.text("show", "--no-textconv", f"{ref}:{self._of.relative(path)}")

    async def log(self, *, max_entries: int = 32) -> list[Commit]:
        """The newest commits."""
        form = "--format=%H%x00%an%x00%ae%x00%aI%x00%B%x01"
        said = await self._of.git.text("log", f"--max-count={int(max_entries)}", form)
        return [Commit(*(field.strip("\n") for field in one.split("\0"))) for one in said.split("\1") if "\0" in one]

    async def get_refs(self) -> list[Ref]:
        """Branches and tags."""
        return await self._model.refs(self._of, 10_000)

    async def checkout(self, treeish: str) -> None:
        """Check out a branch, tag or commit."""
        if treeish.startswith("-"):
            raise ValueError("treeish: must not begin with '-'")
        await self._of.git.run("checkout", "--quiet", treeish, "--")
        await self._of.refresh()


class API:
    """Version 1."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def repositories(self) -> list[Repository]:
        return [Repository(self._model, one) for one in self._model.repositories]

    def get_repository(self, uri: vscode.Uri) -> Repository | None:
        """The repository that has a file."""
        having = [one for one in self._model.repositories if one.has(uri.path)]
        return Repository(self._model, max(having, key=lambda one: len(one.root.path))) if having else None

    @property
    def on_did_open_repository(self) -> vscode.Event[Repository]:
        return self._telling(self._model.opened)

    @property
    def on_did_close_repository(self) -> vscode.Event[Repository]:
        return self._telling(self._model.closed)

    def _telling(self, emitter: vscode.EventEmitter[Shown]) -> vscode.Event[Repository]:
        """The event with what others get of a repository in its place."""

        def listen(
            listener: Callable[[Repository], object],
            this_args: object = None,
            disposables: list[vscode.Disposable] | None = None,
        ) -> vscode.Disposable:
            return emitter.event(lambda one: listener(Repository(self._model, one)), this_args, disposables)

        return listen


class GitExtension:
    """What `exports` is."""

    enabled = True

    def __init__(self, model: Model) -> None:
        self._model = model

    def get_api(self, version: int) -> API:
        """The API of a version; there is 1."""
        if version != 1:
            raise ValueError(f"version: there is 1, not {version}")
        return API(self._model)
