"""What `git status --porcelain=v2 --branch -z` says, as values. Pure: it runs nothing.

Names of states, their letters and colours are those of VS Code's own git extension.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

ARGUMENTS = ("status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--ignored=matching")


class Status(IntEnum):
    """How a file differs: VS Code's `git.d.ts`."""

    INDEX_MODIFIED = 0
    INDEX_ADDED = 1
    INDEX_DELETED = 2
    INDEX_RENAMED = 3
    INDEX_COPIED = 4
    MODIFIED = 5
    DELETED = 6
    UNTRACKED = 7
    IGNORED = 8
    INTENT_TO_ADD = 9
    INTENT_TO_RENAME = 10
    TYPE_CHANGED = 11
    ADDED_BY_US = 12
    ADDED_BY_THEM = 13
    DELETED_BY_US = 14
    DELETED_BY_THEM = 15
    BOTH_ADDED = 16
    BOTH_DELETED = 17
    BOTH_MODIFIED = 18


class Look(NamedTuple):
    """How a state is shown: its letter, what it is called, and the end of its colour's name."""

    letter: str
    text: str
    color: str


LOOKS = MappingProxyType(
    {
        Status.INDEX_MODIFIED: Look("M", "Index Modified", "stageModified"),
        Status.INDEX_ADDED: Look("A", "Index Added", "added"),
        Status.INDEX_DELETED: Look("D", "Index Deleted", "stageDeleted"),
        Status.INDEX_RENAMED: Look("R", "Index Renamed", "renamed"),
        Status.INDEX_COPIED: Look("C", "Index Copied", "renamed"),
        Status.MODIFIED: Look("M", "Modified", "modified"),
        Status.DELETED: Look("D", "Deleted", "deleted"),
        Status.UNTRACKED: Look("U", "Untracked", "untracked"),
        Status.IGNORED: Look("", "Ignored", "ignored"),
        Status.INTENT_TO_ADD: Look("A", "Intent to Add", "added"),
        Status.INTENT_TO_RENAME: Look("R", "Intent to Rename", "renamed"),
        Status.TYPE_CHANGED: Look("T", "Type Changed", "modified"),
        Status.ADDED_BY_US: Look("!", "Conflict: Added By Us", "conflicting"),
        Status.ADDED_BY_THEM: Look("!", "Conflict: Added By Them", "conflicting"),
        Status.DELETED_BY_US: Look("!", "Conflict: Deleted By Us", "conflicting"),
        Status.DELETED_BY_THEM: Look("!", "Conflict: Deleted By Them", "conflicting"),
        Status.BOTH_ADDED: Look("!", "Conflict: Both Added", "conflicting"),
        Status.BOTH_DELETED: Look("!", "Conflict: Both Deleted", "conflicting"),
        Status.BOTH_MODIFIED: Look("!", "Conflict: Both Modified", "conflicting"),
    }
)
"""A constant. An ignored file has a colour and no letter."""

GONE = frozenset(
    {Status.INDEX_DELETED, Status.DELETED, Status.DELETED_BY_US, Status.DELETED_BY_THEM, Status.BOTH_DELETED}
)
"""Of these there is no file: they are struck through."""

STAGED = MappingProxyType(
    {
        "M": Status.INDEX_MODIFIED,
        "T": Status.INDEX_MODIFIED,
        "A": Status.INDEX_ADDED,
        "D": Status.INDEX_DELETED,
        "R": Status.INDEX_RENAMED,
        "C": Status.INDEX_COPIED,
    }
)
CHANGED = MappingProxyType(
    {
        "M": Status.MODIFIED,
        "T": Status.TYPE_CHANGED,
        "D": Status.DELETED,
        "A": Status.INTENT_TO_ADD,
        "R": Status.INTENT_TO_RENAME,
    }
)
CONFLICTS = MappingProxyType(
    {
        "DD": Status.BOTH_DELETED,
        "AU": Status.ADDED_BY_US,
        "UD": Status.DELETED_BY_THEM,
        "UA": Status.ADDED_BY_THEM,
        "DU": Status.DELETED_BY_US,
        "AA": Status.BOTH_ADDED,
        "UU": Status.BOTH_MODIFIED,
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """One file of one group: paths are relative to the repository; `original` is what it was called before."""

    path: str
    status: Status
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Where a repository is: `commit` is None before the first one, `name` where no branch is checked out."""

    commit: str | None = None
    name: str | None = None
    upstream: str | None = None
    ahead: int = 0
    behind: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """All that a status says. `too_many` when changes beyond the limit are left out."""

    head: Head = Head()
    merge: tuple[Change, ...] = ()
    index: tuple[Change, ...] = ()
    working_tree: tuple[Change, ...] = ()
    untracked: tuple[Change, ...] = ()
    ignored: tuple[str, ...] = ()
    too_many: bool = False
    names: Mapping[str, bytes] = field(default_factory=dict)
    """What files are called whose names are no UTF-8, by how they are shown; of two that look alike, neither."""

    def changes(self) -> Iterator[Change]:
        """Those of all groups; a file that is staged and changed again comes twice, the newest state last."""
        yield from self.index
        yield from self.working_tree
        yield from self.untracked
        yield from self.merge


def parse(output: bytes, *, most: int, cut: bool = False) -> Found:
    """Read it; `most` changes are kept, and `cut` says that the end of the output is missing.

    Of a path that is no UTF-8 the other bytes are shown as such, and `names` has them all.
    """
    records = output.decode(errors="surrogateescape").split("\0")[:-1]
    head: dict[str, str] = {}
    groups: dict[str, list[Change]] = {"merge": [], "index": [], "tree": [], "untracked": []}
    ignored: list[str] = []
    too_many, taken = cut, 0
    following = iter(records)
    for record in following:
        kind, _, rest = record.partition(" ")
        if kind == "#":
            name, _, value = rest.partition(" ")
            head[name] = value
        elif kind == "!":
            if len(ignored) < most:
                ignored.append(rest.rstrip("/"))
        elif taken >= most:
            too_many = True
            break
        else:
            original = next(following, None) if kind == "2" else None
            taken += _take(kind, rest, original, groups)
    merge, index, tree, untracked = (tuple(groups[name]) for name in ("merge", "index", "tree", "untracked"))
    found = Found(_head(head), merge, index, tree, untracked, tuple(ignored), too_many)
    return found if _is_text(output) else _readable(found)


def _is_text(output: bytes) -> bool:
    try:
        output.decode()
    except UnicodeDecodeError:
        return False
    return True


def _readable(found: Found) -> Found:
    """The same with names that can be shown."""
    names: dict[str, bytes] = {}
    alike: set[str] = set()

    def shown(path: str) -> str:
        raw = path.encode(errors="surrogateescape")
        told = raw.decode(errors="replace")
        if told != path and names.setdefault(told, raw) != raw:
            alike.add(told)
        return told

    def of(changes: tuple[Change, ...]) -> tuple[Change, ...]:
        return tuple(
            replace(one, path=shown(one.path), original=one.original and shown(one.original)) for one in changes
        )

    merge, index, tree, untracked = map(of, (found.merge, found.index, found.working_tree, found.untracked))
    ignored = tuple(map(shown, found.ignored))
    kept = {told: raw for told, raw in names.items() if told not in alike}
    return Found(found.head, merge, index, tree, untracked, ignored, found.too_many, kept)


def _take(kind: str, rest: str, original: str | None, groups: dict[str, list[Change]]) -> int:
    """Put one record into its groups; gives how many changes it is."""
    if kind == "?":
        groups["untracked"].append(Change(rest, Status.UNTRACKED))
        return 1
    fields = rest.split(" ", {"1": 7, "2": 8, "u": 9}.get(kind, 0))
    path, state = fields[-1], fields[0]
    if kind == "u":
        groups["merge"].append(Change(path, CONFLICTS.get(state, Status.BOTH_MODIFIED)))
        return 1
    if kind not in "12" or len(state) != 2:
        return 0  # of a newer git: what is not known is not shown
    staged, changed = STAGED.get(state[0]), CHANGED.get(state[1])
    if staged is not None:
        groups["index"].append(Change(path, staged, original if state[0] in "RC" else None))
    if changed is not None:
        groups["tree"].append(Change(path, changed, original if state[1] in "RC" else None))
    return (staged is not None) + (changed is not None)


def _head(said: dict[str, str]) -> Head:
    commit, name = said.get("branch.oid"), said.get("branch.head")
    ahead, _, behind = said.get("branch.ab", "+0 -0").partition(" ")
    return Head(
        None if commit in (None, "(initial)") else commit,
        None if name in (None, "(detached)") else name,
        said.get("branch.upstream"),
        int(ahead),
        -int(behind or 0),
    )
