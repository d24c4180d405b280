"""Commands of branches, of what is put aside, and of remotes."""

from __future__ import annotations

from collections.abc import Iterable

import shim as vscode
from extensions.git.naming import Naming
from extensions.git.program import GitError
from extensions.git.repository import Repository

LONG_S = 600.0
"""How long what goes over the network may take, in seconds."""

MANY_REFS = 500


class Branches(Naming):
    """What they do, for one user's repositories."""

    async def checkout(self, *given: object) -> None:
        """Check out a branch or tag that the user picks, or a new branch."""
        repository = await self.repository(*given)
        refs = await self._model.refs(repository, MANY_REFS)
        new = vscode.QuickPickItem("$(plus) Create new branch…")
        items = [vscode.QuickPickItem(one.label, description=one.description, detail=one.name) for one in refs]
        picked = await vscode.window.show_quick_pick([new, *items], place_holder="Select a branch or tag to checkout")
        if picked is new:
            await self.branch(*given)
        elif picked is not None:
            ref = refs[items.index(picked)]
            words = ("--track", ref.label) if ref.name.startswith("refs/remotes/") else (ref.label,)
            await repository.git.run("checkout", "--quiet", *words, "--", seconds=LONG_S)
            await repository.refresh()

    async def branch(self, *given: object) -> None:
        """Make a branch here and check it out."""
        repository = await self.repository(*given)
        name = await vscode.window.show_input_box(title="Branch name", prompt="Please provide a new branch name")
        if not name:
            return
        await repository.git.run("check-ref-format", "--branch", name)
        await repository.git.run("checkout", "--quiet", "-b", name, seconds=LONG_S)
        await repository.refresh()

    async def stash(self, *given: object) -> None:
        """Put all changes of files that git follows aside, staged ones too."""
        await self._do(given, "stash", "push", "--quiet")

    async def stash_pop(self, *given: object) -> None:
        """Bring back what was put aside last."""
        await self._do(given, "stash", "pop", "--quiet")

    async def fetch(self, *given: object) -> None:
        await self._over_network(given, "Fetching", ("fetch",))

    async def pull(self, *given: object) -> None:
        await self._over_network(given, "Pulling", ("pull",))

    async def push(self, *given: object) -> None:
        """Push the branch; one that has no upstream gets the first remote's."""
        repository = await self.repository(*given)
        await self._over_network(given, "Pushing", await self._pushing(repository))

    async def sync(self, *given: object) -> None:
        """Pull, then push."""
        repository = await self.repository(*given)
        works = (("pull",), ("push",)) if repository.found.head.upstream else (await self._pushing(repository),)
        await self._over_network(given, "Synchronizing", *works)

    async def _pushing(self, repository: Repository) -> tuple[str, ...]:
        head = repository.found.head
        if head.upstream is not None:
            return ("push",)
        if head.name is None:
            raise GitError("push", "error: no branch is checked out; create one first")
        remotes = (await repository.git.text("remote")).split()
        if not remotes:
            raise GitError(
                "push", "error: the repository has no remote; add one in a terminal: git remote add origin URL"
            )
        remote = "origin" if "origin" in remotes else remotes[0]
        return ("push", "--set-upstream", remote, head.name)

    async def _over_network(self, given: Iterable[object], title: str, *works: tuple[str, ...]) -> None:
        repository = await self.repository(*given)

        async def work(_: object, token: vscode.CancellationToken) -> int:
            for words in works:
                await self._model.signing.run(repository.git, *words, seconds=LONG_S, token=token)
            return len(works)

        try:
            _: int = await vscode.window.with_progress(
                work, location=vscode.ProgressLocation.NOTIFICATION, title=f"{title} (git)", cancellable=True
            )
        finally:
            await repository.refresh()

    async def _do(self, given: Iterable[object], *words: str) -> None:
        repository = await self.repository(*given)
        try:
            await repository.git.run(*words, seconds=LONG_S)
        finally:
            await repository.refresh()
