"""Which files and which repository a command means: of what it was given, or of what the user picks.

A file is named by a path or Uri of the user's world, or by a resource of a source control; clients may say it in JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import shim as vscode
from extensions.git.model import Model
from extensions.git.program import GitError
from extensions.git.repository import Repository
from extensions.git.status import Change

PATHS = ("--pathspec-from-file=-", "--pathspec-file-nul")
"""Git reads the files of a command from its input: there may be more than fit a command line."""

LITERAL = "--literal-pathspecs"
"""A file called `*.py` is that file."""


class Naming:
    """Commands of one user's repositories begin with this."""

    def __init__(self, model: Model) -> None:
        self._model = model

    async def repository(self, given: object = None, *_: object) -> Repository:
        """The repository that an argument names, or the only one, or the one that the user picks."""
        all = self._model.repositories
        path = path_of(given)
        if path is not None:
            return self._model.of(path)
        if not all:
            await self._model.find()
            all = self._model.repositories
        if len(all) == 1:
            return all[0]
        if not all:
            raise GitError("status", "fatal: not a git repository")
        labels = [one.root.path for one in all]
        picked = await vscode.window.show_quick_pick(labels, place_holder="Choose a repository")
        if picked is None:
            raise vscode.CancellationError
        return all[labels.index(picked)]

    def one(self, resource: object) -> tuple[Repository, str]:
        """The repository of a file, and what git calls it there."""
        path = path_of(resource)
        if path is None:
            raise ValueError("resource: must name a file: a path, a Uri, or a resource of a source control")
        repository = self._model.of(path)
        return repository, repository.relative(path)

    def by_repository(self, resources: Iterable[object], *groups: str) -> list[tuple[Repository, list[str]]]:
        """The files that are meant, by repository; a folder or group means what has changed in it, of these groups."""
        found: dict[Repository, dict[str, None]] = {}
        for resource in flat(resources):
            repository, path = self.one(resource)
            changes = [one for group in groups for one in getattr(repository.found, group)]
            meant = [one for one in changes if path in (".", one.path) or one.path.startswith(f"{path}/")]
            names = [name for one in meant for name in names_of(one)] or [path]
            found.setdefault(repository, {}).update(dict.fromkeys(names))
        if not found:
            raise ValueError("resources: must name at least one file; `git.stageAll` and the like mean all of them")
        return [(repository, list(names)) for repository, names in found.items()]

    @staticmethod
    def change(repository: Repository, path: str, staged: bool) -> Change | None:
        """What has changed in a file: staged, or not."""
        found = repository.found
        some = found.index if staged else (*found.merge, *found.working_tree, *found.untracked)
        return next((one for one in some if one.path == path), None)


def flat(resources: Iterable[object]) -> Iterable[object]:
    """What commands are given, without lists in lists and without what is not there."""
    for one in resources:
        if isinstance(one, list | tuple):
            yield from flat(one)
        elif one is not None and not isinstance(one, bool):
            yield one


def path_of(given: object) -> str | None:
    """The path in the user's world that an argument of a command means; None where it means none."""
    if isinstance(given, Mapping):
        given = given.get("resourceUri") or given.get("rootUri") or given.get("path")
    given = getattr(given, "resource_uri", None) or getattr(given, "root_uri", None) or given
    if isinstance(given, str):
        given = vscode.Uri.parse(given) if given.startswith(("file:", "git:")) else vscode.Uri.file(given)
    return given.path if isinstance(given, vscode.Uri) else None


def names_of(change: Change) -> list[str]:
    """All that a changed file is called: before, and now."""
    return [change.path] if change.original is None else [change.original, change.path]


def listed(paths: Iterable[str], names: Mapping[str, bytes]) -> bytes:
    """Files as git reads them with `PATHS`; `names` are those of `Found` that cannot be shown as they are."""
    return b"".join(names.get(path, path.encode(errors="surrogateescape")) + b"\0" for path in paths)


async def sure(question: str, yes: str) -> bool:
    """Whether the user says yes to it."""
    return await vscode.window.show_warning_message(question, yes, modal=True) == yes
