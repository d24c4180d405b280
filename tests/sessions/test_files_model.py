"""Any sequence of operations does to a real disk what it does to a tree in memory, and answers the same."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.errors import FileSystemError
from sessions.openat2 import Resolve
from sessions.root import Root
from tests.sessions.roots import RESOLVERS, Ledger, left_over

Tree = dict[str, "Tree | bytes"]


class Refused(Exception):
    """With the code of the `FileSystemError` that is expected."""


class Model:
    """The rules of `workspace.fs` for files and directories below /workspace, without a disk."""

    def __init__(self) -> None:
        self.top: Tree = {}

    def at(self, names: list[str], make: bool = False) -> Tree:
        """The directory that `names` lead to."""
        tree = self.top
        for name in names:
            if name not in tree:
                if not make:
                    raise Refused("FileNotFound")
                tree[name] = {}
            below = tree[name]
            if isinstance(below, bytes):
                raise Refused("FileNotADirectory")
            tree = below
        return tree

    def entry(self, names: list[str], make: bool = False) -> tuple[Tree, str]:
        if not names:
            raise Refused("NoPermissions")
        return self.at(names[:-1], make), names[-1]

    def existing(self, names: list[str]) -> tuple[Tree, str]:
        tree, name = self.entry(names)
        if name not in tree:
            raise Refused("FileNotFound")
        return tree, name

    def read(self, names: list[str]) -> bytes:
        if not names:
            raise Refused("FileIsADirectory")
        tree, name = self.existing(names)
        content = tree[name]
        if isinstance(content, dict):
            raise Refused("FileIsADirectory")
        return content

    def write(self, names: list[str], content: bytes, create: bool, overwrite: bool) -> None:
        if not names:
            raise Refused("FileIsADirectory")
        tree, name = self.entry(names, make=create)
        if isinstance(tree.get(name), dict):
            raise Refused("FileIsADirectory")
        if name in tree and not overwrite:
            raise Refused("FileExists")
        if name not in tree and not create:
            raise Refused("FileNotFound")
        tree[name] = content

    def create_directory(self, names: list[str]) -> None:
        if names and isinstance(self.at(names[:-1], make=True).get(names[-1]), bytes):
            raise Refused("FileExists")
        self.at(names, make=True)

    def delete(self, names: list[str], recursive: bool) -> None:
        tree, name = self.existing(names)
        if not recursive and isinstance(tree[name], dict) and tree[name]:
            raise Refused("Unavailable")
        del tree[name]

    def rename(self, source: list[str], target: list[str], overwrite: bool) -> None:
        self.existing(source)
        if source != target:
            tree, name = self.prepared(source, target, overwrite)
            old, old_name = self.existing(source)
            tree[name] = old.pop(old_name)

    def copy(self, source: list[str], target: list[str], overwrite: bool) -> None:
        if not source:
            raise Refused("Unavailable" if target else "same")
        self.existing(source)
        if source != target:
            tree, name = self.prepared(source, target, overwrite)
            old, old_name = self.existing(source)
            tree[name] = deepcopy(old[old_name])

    def prepared(self, source: list[str], target: list[str], overwrite: bool) -> tuple[Tree, str]:
        """The place of `target`, its parents made, if `source` may be put there."""
        tree, name = self.entry(target, make=True)
        old, old_name = self.existing(source)
        if name in tree and not overwrite:
            raise Refused("FileExists")
        if isinstance(old[old_name], dict) and target[: len(source)] == source:
            raise Refused("Unavailable")
        if isinstance(tree.get(name), dict) and source[: len(target)] == target:
            raise Refused("Unavailable")
        return tree, name


names = st.lists(st.sampled_from("abc"), max_size=3)
some = st.lists(st.sampled_from("abc"), min_size=1, max_size=3)
flag = st.booleans()
content = st.sampled_from([b"", b"1", b"22", b"x" * 1000])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("read"), names),
        st.tuples(st.just("write"), names, content, flag, flag),
        st.tuples(st.just("write"), some, content, st.just(True), st.just(True)),
        st.tuples(st.just("create_directory"), names),
        st.tuples(st.just("delete"), names, flag),
        st.tuples(st.just("rename"), names, names, flag),
        st.tuples(st.just("copy"), some, names, flag),
    ),
    max_size=30,
)
FLAGS = {"write": ("create", "overwrite"), "delete": ("recursive",), "rename": ("overwrite",), "copy": ("overwrite",)}


def by_model(model: Model, name: str, *arguments: object) -> object:
    try:
        return getattr(model, name)(*arguments)
    except Refused as refused:
        return str(refused)


def on_disk(root: Root, ledger: Ledger, name: str, *arguments: object) -> object:
    flags = FLAGS.get(name, ())
    options: dict[str, object] = dict(zip(flags, arguments[len(arguments) - len(flags) :], strict=True))
    plain = [path_of(a) if isinstance(a, list) else a for a in arguments[: len(arguments) - len(flags)]]
    if name == "read":
        plain.append(1 << 20)
    else:
        options["meter"] = ledger
    try:
        return getattr(root, name)(*plain, **options)
    except FileSystemError as error:
        return error.code


def path_of(names: list[str]) -> str:
    return "/".join(["/workspace", *names])


def flat(tree: Tree, above: str = "/workspace") -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    for name, node in tree.items():
        found[f"{above}/{name}"] = node if isinstance(node, bytes) else None
        found |= flat(node, f"{above}/{name}") if isinstance(node, dict) else {}
    return found


@pytest.mark.parametrize("resolve", RESOLVERS)
@settings(max_examples=60, deadline=None)
@given(steps=steps)
def test_any_sequence_does_the_same_to_the_disk_as_to_a_tree_in_memory(
    resolve: Resolve, steps: list[tuple[object, ...]]
) -> None:
    with TemporaryDirectory() as folder:
        root, model, ledger = Root(Path(folder, "root"), resolve=resolve), Model(), Ledger()
        for step in steps:
            name, *arguments = step
            assert on_disk(root, ledger, str(name), *arguments) == by_model(model, str(name), *arguments), step
            expected = flat(model.top)
            assert dict(root.walk("/workspace")) == {path: 2 if it is None else 1 for path, it in expected.items()}, (
                step
            )
            assert root.usage("/workspace") == (ledger.bytes, ledger.files), step
        for path, it in flat(model.top).items():
            assert it is None or root.read(path, 1 << 20) == it, path
        assert left_over(Path(folder)) == []
        root.close()
