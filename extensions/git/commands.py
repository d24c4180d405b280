"""The extension's commands by VS Code's ids, and those that make a repository or look at a file of one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import shim as vscode
from extensions.git import cloning
from extensions.git.branches import Branches
from extensions.git.naming import LITERAL, Naming, names_of
from extensions.git.originals import INDEX, original_uri
from extensions.git.staging import Staging
from extensions.git.status import GONE, Status


class Commands(Naming):
    """All of them, for one user's repositories."""

    @property
    def all(self) -> Mapping[str, Callable[..., Awaitable[Any]]]:
        staging, branches = Staging(self._model), Branches(self._model)
        return {
            "git.init": self.init,
            "git.clone": self.clone,
            "git.refresh": self.refresh,
            "git.stage": staging.stage,
            "git.stageAll": staging.stage_all,
            "git.unstage": staging.unstage,
            "git.unstageAll": staging.unstage_all,
            "git.clean": staging.clean,
            "git.cleanAll": staging.clean_all,
            "git.commit": staging.commit,
            "git.commitAmend": staging.amend,
            "git.checkout": branches.checkout,
            "git.branch": branches.branch,
            "git.fetch": branches.fetch,
            "git.pull": branches.pull,
            "git.push": branches.push,
            "git.sync": branches.sync,
            "git.stash": branches.stash,
            "git.stashPop": branches.stash_pop,
            "git.diff": self.diff,
            "git.openChange": self.open_change,
            "git.openFile": self.open_file,
            "git.showOutput": self.show_output,
        }

    # -- repositories

    async def init(self, *_: object) -> str:
        """Make the workspace a repository; gives its folder."""
        folder = self._model.folder
        await self._model.git(folder).run("init", "--quiet")
        await self._model.open(folder)
        return folder.path

    async def clone(self, url: object = None, *_: object) -> str | None:
        """Clone into a folder of the workspace, with progress that can be cancelled; gives that folder."""
        given = (
            url
            if isinstance(url, str)
            else await vscode.window.show_input_box(
                title="Clone Repository", prompt="Repository URL", place_holder="https://example.org/some/project.git"
            )
        )
        if not given:
            return None
        address = cloning.checked(given)
        name = cloning.folder_of(address)
        folder = vscode.Uri.join_path(self._model.folder, name)
        if await _exists(folder):
            raise ValueError(f"url: the workspace has {name!r} already; remove it, or clone another")
        git = self._model.git(self._model.folder)

        async def work(shown: vscode.window.Progress, token: vscode.CancellationToken) -> str:
            await cloning.clone(git, address, name, shown, token, self._model.signing)
            return name

        try:
            name = await vscode.window.with_progress(
                work,
                location=vscode.ProgressLocation.NOTIFICATION,
                title=f"Cloning {name}",
                cancellable=True,
            )
        except vscode.CancellationError:  # as the user wanted it
            return None
        repository = await self._model.open(folder)
        await repository.refresh()  # it may have been found while it was still being made
        return folder.path

    async def refresh(self, *_: object) -> None:
        """Look again: for repositories, and at each."""
        await self._model.find()
        for repository in self._model.repositories:
            await repository.refresh()

    # -- looking

    async def diff(self, resource: object, staged: object = False, *_: object) -> str:
        """What has changed in a file, as a unified diff: what is staged of it, or what is not."""
        repository, path = self.one(resource)
        change = self.change(repository, path, bool(staged))
        if change is not None and change.status is Status.UNTRACKED:
            words = ("diff", "--no-ext-diff", "--no-textconv", "--no-index", "--", "/dev/null", path)
            return await repository.git.text(*words, accept=(0, 1))
        more = ("--cached",) if staged else ()
        names = [path] if change is None else names_of(change)
        return await repository.git.text(LITERAL, "diff", "--no-ext-diff", "--no-textconv", *more, "--", *names)

    async def open_change(self, resource: object, staged: object = False, *_: object) -> None:
        """Open a file beside what it was; one that was not there, or is not, alone."""
        repository, path = self.one(resource)
        change, uri = self.change(repository, path, bool(staged)), repository.absolute(path)
        if change is None or change.status in (Status.UNTRACKED, Status.INDEX_ADDED, Status.INTENT_TO_ADD):
            await vscode.commands.execute_command("vscode.open", uri)
            return
        before = original_uri(repository.absolute(change.original or path), "HEAD" if staged else INDEX)
        if change.status in GONE:
            await vscode.commands.execute_command("vscode.open", before)
            return
        after, words = (original_uri(uri, INDEX), "Index") if staged else (uri, "Working Tree")
        await vscode.commands.execute_command("vscode.diff", before, after, f"{path.rpartition('/')[2]} ({words})")

    async def open_file(self, resource: object, *_: object) -> None:
        repository, path = self.one(resource)
        await vscode.commands.execute_command("vscode.open", repository.absolute(path))

    async def show_output(self, *_: object) -> None:
        self._model.output.show()


async def _exists(uri: vscode.Uri) -> bool:
    try:
        await vscode.workspace.fs.stat(uri)
    except vscode.FileSystemError:
        return False
    return True
