"""One repository: its status kept up to date from what happens to its files, and shown as a source control."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

import shim as vscode
from extensions.git.originals import INDEX, original_uri
from extensions.git.program import Git, GitError
from extensions.git.status import ARGUMENTS, GONE, LOOKS, Change, Found, Status, parse
from shim import scm
from shim.proposed import admission

SETTLE_S = 0.4
"""From the first change of a file to the look at the repository, in seconds: what changes meanwhile is seen, too."""

LIMIT = 2_000
"""Changes that are shown by default (`git.statusLimit`)."""

GROUPS = MappingProxyType({
    "merge": "Merge Changes",
    "index": "Staged Changes",
    "workingTree": "Changes",
    "untracked": "Untracked Changes",
})  # fmt: skip
"""Ids and labels as VS Code has them."""

Shown = dict[str, tuple[Change, ...]]
States = dict[str, list[scm.SourceControlResourceState]]


class Repository:
    """A folder of git's and what is known of it. `changed` fires with the paths that look other than before."""

    def __init__(self, root: vscode.Uri, said: Callable[[str], object]) -> None:
        self.root = root
        self.git = Git(root, said)
        self.found = Found()
        self.marks: Mapping[str, Status] = {}
        """The newest state of each file that has one, by path in the user's world."""
        self.ignored: frozenset[str] = frozenset()
        self.changed = vscode.EventEmitter[Sequence[vscode.Uri]]()
        self.moved = vscode.EventEmitter[None]()
        """Fires where what is staged or checked out may be other than before."""
        self._looking = asyncio.Lock()
        self._is_due = self._is_moved = self._is_over = False
        self.control = scm.create_source_control("git", "Git", root)
        self.control.input_box.placeholder = "Message"
        self.control.accept_input_command = vscode.Command("Commit", "git.commit", arguments=[root.path])
        self.control.quick_diff_provider = self
        self._groups = {id: self.control.create_resource_group(id, label) for id, label in GROUPS.items()}
        for group in self._groups.values():
            group.hide_when_empty = True
        self._watcher = vscode.workspace.create_file_system_watcher(vscode.RelativePattern(root, "**"))
        for event in (self._watcher.on_did_change, self._watcher.on_did_create, self._watcher.on_did_delete):
            event(self._touched)

    def dispose(self) -> None:
        """Show it no more, nor look at it."""
        self._is_over = True
        self._watcher.dispose()
        self.control.dispose()
        self.changed.dispose()
        self.moved.dispose()

    def has(self, path: str) -> bool:
        """Whether a path of the user's world is in it."""
        return path == self.root.path or path.startswith(f"{self.root.path.rstrip('/')}/")

    def relative(self, path: str) -> str:
        """A path of the user's world as git knows it."""
        return path[len(self.root.path.rstrip("/")) + 1 :] or "."

    def absolute(self, path: str) -> vscode.Uri:
        """A path of git's in the user's world."""
        return vscode.Uri.file(f"{self.root.path.rstrip('/')}/{path.rstrip('/')}")

    # -- keeping up

    def _touched(self, uri: vscode.Uri) -> Awaitable[None] | None:
        """A file has changed: look soon, once however many do."""
        name = self.relative(uri.path)
        if name.endswith(".lock") or name.startswith((".git/objects", ".git/logs")):
            return None
        self._is_moved = self._is_moved or name.startswith(".git/")
        if self._is_due:
            return None
        self._is_due = True
        return self._look_soon()

    async def _look_soon(self) -> None:
        try:
            await asyncio.sleep(SETTLE_S)
        finally:
            self._is_due = False
        is_moved, self._is_moved = self._is_moved, False
        with suppress(GitError):  # the output channel has it
            await self.refresh()
        if is_moved:
            self.moved.fire(None)

    async def refresh(self) -> None:
        """Look at the repository and show what is found, while it is shown at all. Raises `GitError`."""
        async with self._looking, admission.turn():
            if self._is_over:
                return
            limit = int(vscode.workspace.get_configuration("git").get("statusLimit", LIMIT))
            output, is_whole = await self.git.data(*ARGUMENTS)
            found = await asyncio.to_thread(parse, output, most=limit, cut=not is_whole)
            if found != self.found:
                await self._show(found)

    async def _show(self, found: Found) -> None:
        untracked = vscode.workspace.get_configuration("git").get("untrackedChanges", "mixed")
        shown = self._shown(found, untracked)
        marks, ignored, states, other = await asyncio.to_thread(self._prepared, found, shown)  # there may be thousands
        if self._is_over:
            return
        self.found, self.marks, self.ignored = found, marks, ignored
        for id, resources in states.items():
            self._groups[id].resource_states = resources
        self.control.count = sum(map(len, shown.values()))
        self.control.status_bar_commands = [*self._head_commands(found)]
        self.changed.fire(other)

    def _prepared(
        self, found: Found, shown: Shown
    ) -> tuple[dict[str, Status], frozenset[str], States, list[vscode.Uri]]:
        """What files are marked with, which are ignored, what the groups show, and what looks other than before."""
        marks = {self.absolute(one.path).path: one.status for one in found.changes()}
        ignored = frozenset(self.absolute(path).path for path in found.ignored)
        before = self.marks
        touched = {path for path in before.keys() | marks.keys() if before.get(path) != marks.get(path)}
        other = [vscode.Uri.file(path) for path in sorted(touched | (self.ignored ^ ignored))]
        return marks, ignored, {id: [self._state(id, one) for one in changes] for id, changes in shown.items()}, other

    @staticmethod
    def _shown(found: Found, untracked: str) -> Shown:
        """What each group has, by `git.untrackedChanges`."""
        return {
            "merge": found.merge,
            "index": found.index,
            "workingTree": found.working_tree + (found.untracked if untracked == "mixed" else ()),
            "untracked": found.untracked if untracked == "separate" else (),
        }

    def _state(self, group: str, change: Change) -> scm.SourceControlResourceState:
        look, uri = LOOKS[change.status], self.absolute(change.path)
        words = look.text if change.original is None else f"{look.text}: {change.original} → {change.path}"
        decorations = scm.SourceControlResourceDecorations(change.status in GONE, tooltip=words)
        command = vscode.Command("Open Changes", "git.openChange", arguments=[uri.path, group == "index"])
        return scm.SourceControlResourceState(uri, command, decorations, change.status.name.lower())

    def _head_commands(self, found: Found) -> Iterable[vscode.Command]:
        head = found.head
        name = head.name or (head.commit or "")[:8] or "no commit yet"
        sign = "*" if found.working_tree or found.untracked else ""
        sign += ("+" if found.index else "") + ("!" if found.merge else "")
        yield vscode.Command(f"{name}{sign}", "git.checkout", "Checkout Branch/Tag…", [self.root.path])
        if head.upstream:
            yield vscode.Command(
                f"{head.behind}↓ {head.ahead}↑",
                "git.sync",
                f"Synchronize Changes with {head.upstream}",
                [self.root.path],
            )
        elif head.name:
            yield vscode.Command("Publish Branch", "git.push", "Push this branch to a remote", [self.root.path])

    # -- what is asked of it

    def provide_original_resource(self, uri: vscode.Uri, token: vscode.CancellationToken) -> vscode.Uri | None:
        """For the quick diff: what is staged of a file that git follows."""
        is_mine = uri.scheme == "file" and self.has(uri.path)
        is_new = self.marks.get(uri.path) in (Status.UNTRACKED, Status.IGNORED)
        return original_uri(uri, INDEX) if is_mine and not is_new else None

    def is_ignored(self, path: str) -> bool:
        """Whether git leaves a path out, itself or for a folder above it."""
        while self.has(path) and path != self.root.path:
            if path in self.ignored:
                return True
            path = path.rpartition("/")[0]
        return False

    def decoration(self, path: str) -> vscode.FileDecoration | None:
        """How a file is marked in a tree: letter, words and colour of VS Code's."""
        status = self.marks.get(path, Status.IGNORED if self.is_ignored(path) else None)
        if status is None:
            return None
        look = LOOKS[status]
        color = vscode.ThemeColor(f"gitDecoration.{look.color}ResourceForeground")
        below = status is not Status.IGNORED and status not in GONE
        return vscode.FileDecoration(look.letter or None, look.text, color, below)
