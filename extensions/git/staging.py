"""Commands that stage, unstage, discard and commit changes."""

from __future__ import annotations

import shim as vscode
from extensions.git.naming import LITERAL, PATHS, Naming, listed, names_of, sure
from extensions.git.program import GitError
from extensions.git.repository import Repository

HOOKS_S = 600.0
"""How long a commit may take with what the repository's hooks do, in seconds."""


class Staging(Naming):
    """What they do, for one user's repositories."""

    async def stage(self, *resources: object) -> None:
        for repository, paths in self.by_repository(resources, "merge", "working_tree", "untracked"):
            await repository.git.run(LITERAL, "add", "--all", *PATHS, stdin=listed(paths, repository.found.names))
            await repository.refresh()

    async def stage_all(self, *given: object) -> None:
        repository = await self.repository(*given)
        await repository.git.run("add", "--all", "--", ".")
        await repository.refresh()

    async def unstage(self, *resources: object) -> None:
        for repository, paths in self.by_repository(resources, "index"):
            await self._reset(repository, paths)

    async def unstage_all(self, *given: object) -> None:
        repository = await self.repository(*given)
        await self._reset(repository, [path for one in repository.found.index for path in names_of(one)])

    async def _reset(self, repository: Repository, paths: list[str]) -> None:
        files = listed(paths, repository.found.names)
        if paths and repository.found.head.commit is None:
            await repository.git.run(LITERAL, "rm", "--cached", "-r", "--quiet", *PATHS, stdin=files)
        elif paths:
            await repository.git.run(LITERAL, "reset", "--quiet", *PATHS, "HEAD", stdin=files)
        await repository.refresh()

    async def clean(self, *resources: object) -> None:
        """Discard changes of files: as they are staged, or gone where git does not have them. It asks first."""
        for repository, paths in self.by_repository(resources, "working_tree", "untracked"):
            await self._discard(repository, paths)

    async def clean_all(self, *given: object) -> None:
        repository = await self.repository(*given)
        found = repository.found
        await self._discard(repository, [one.path for one in (*found.working_tree, *found.untracked)])

    async def _discard(self, repository: Repository, paths: list[str]) -> None:
        new = {one.path for one in repository.found.untracked}
        gone, changed = [path for path in paths if path in new], [path for path in paths if path not in new]
        what = paths[0] if len(paths) == 1 else f"{len(paths)} files"
        if not paths or not await sure(f"Are you sure you want to discard changes in {what}?", "Discard Changes"):
            return
        if changed:
            await repository.git.run(
                LITERAL, "checkout", "--quiet", *PATHS, stdin=listed(changed, repository.found.names)
            )
        for path in gone:
            await vscode.workspace.fs.delete(repository.absolute(path), recursive=True, use_trash=True)
        await repository.refresh()

    async def commit(self, *given: object) -> None:
        """Commit what is staged, with the message of the input box; all changes where none is and the user agrees."""
        repository = await self.repository(*given)
        await repository.refresh()
        found = repository.found
        if found.merge:
            raise GitError("commit", "error: there are conflicts; resolve them and stage the files first")
        if not found.index and not await self._may_stage_all(repository):
            return
        message = repository.control.input_box.value.strip() or await vscode.window.show_input_box(
            title="Commit message", place_holder="Commit message"
        )
        if not message:
            return
        await repository.git.run("commit", "--quiet", "--file=-", stdin=message.encode(), seconds=HOOKS_S)
        repository.control.input_box.value = ""
        await repository.refresh()

    async def _may_stage_all(self, repository: Repository) -> bool:
        if not (repository.found.working_tree or repository.found.untracked):
            await vscode.window.show_information_message("There are no changes to commit.")
            return False
        smart = vscode.workspace.get_configuration("git").get("enableSmartCommit", False)
        question = "There are no staged changes to commit. Would you like to stage all your changes and commit them?"
        if not smart and not await sure(question, "Yes"):
            return False
        await repository.git.run("add", "--all", "--", ".")
        return True

    async def amend(self, *given: object) -> None:
        """Put what is staged into the last commit, with the message of the input box or the one it has."""
        repository = await self.repository(*given)
        message = repository.control.input_box.value.strip()
        words = ("--file=-",) if message else ("--no-edit",)
        await repository.git.run("commit", "--quiet", "--amend", *words, stdin=message.encode(), seconds=HOOKS_S)
        repository.control.input_box.value = ""
        await repository.refresh()
