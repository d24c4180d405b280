"""The code of extensions: which modules there are, compiled once, and what they may import. No user is here."""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, module_from_spec, resolve_name, spec_from_file_location
from keyword import iskeyword
from pathlib import Path
from types import CodeType, ModuleType
from typing import cast

from sessions.errors import RoostError

MOST = 5_000
"""Modules of one extension."""

PROPOSED = "shim.proposed"


class PackageError(RoostError):
    """An extension's folder cannot be a package; the text says why and what to do."""


class Package:
    """The code of one extension: the folder of a Python package, without any user.

    `name` is its import name, `proposals` the proposed APIs that its manifest asks for. Raises `PackageError`.
    """

    __slots__ = ("_checked", "_codes", "_lock", "folder", "name", "neighbours", "proposals", "shared", "specs")

    def __init__(self, name: str, folder: Path, *, proposals: Iterable[str] = (), shared: bool = False) -> None:
        self.name = name
        self.folder = Path(os.path.realpath(folder))
        _check_name(name, self.folder)
        self.proposals = frozenset(proposals)
        self.shared = shared
        self.neighbours: frozenset[str] = frozenset()
        """The import names of the other extensions: nobody imports those."""
        self.specs: Mapping[str, ModuleSpec] = dict(_specs(name, self.folder))
        self._codes: dict[str, CodeType] = {}
        self._lock = threading.RLock()
        self._checked = False

    def has(self, name: str) -> bool:
        """Whether a module of this name is, or would be, of this package."""
        return name == self.name or name.startswith(self.name + ".")

    def code(self, name: str) -> CodeType | None:
        """The code of one module, compiled on first need and shared by all users; None for a bare folder."""
        spec = self.specs[name]
        if not spec.has_location:
            return None
        found = self._codes.get(name)
        if found is None:
            made = cast(SourceFileLoader, spec.loader).get_code(name)
            found = self._codes.setdefault(name, cast(CodeType, made))
        return found

    def check(self, name: str, names: Sequence[str]) -> None:
        """Refuse, by `ImportError`, `import name` or `from name import *names` where the manifest does not allow it."""
        reason = self._refused_proposal(name, names) or self._refused_neighbour(name, names)
        if reason:
            raise ImportError(reason, name=name)

    def _refused_proposal(self, name: str, names: Sequence[str]) -> str | None:
        if name == "shim" and "proposed" in names:
            return "proposals are imported one by one: write `from shim.proposed import events`"
        if name != PROPOSED and not name.startswith(PROPOSED + "."):
            return None
        wanted = names if name == PROPOSED else [name.split(".")[2]]
        if not wanted or "*" in wanted:
            return "proposals are imported one by one: write `from shim.proposed import events`"
        for one in wanted:
            if one not in self.proposals:
                return f'{PROPOSED}.{one} is a proposal: add enabled_api_proposals = ["{one}"] to extension.toml'
        return None

    def _refused_neighbour(self, name: str, names: Sequence[str]) -> str | None:
        for whole in (name, *(f"{name}.{one}" for one in names)):
            if any(whole == one or whole.startswith(one + ".") for one in self.neighbours):
                return f"{whole} is another extension: call its commands, or its exports by extensions.get_extension()"
        return None

    def load_shared(self, name: str) -> ModuleType:
        """A module of a shared package: one for all users, imported the ordinary way."""
        with self._lock:
            if not self._checked:
                self._check_all()
                self._checked = True
            if self.name not in sys.modules and _places(self.name) is None:
                _import_root(self.specs[self.name])
        return importlib.import_module(name)

    def _check_all(self) -> None:
        """Refuse what `check` refuses, by reading: ordinary modules have the ordinary `__import__`."""
        refused = {PROPOSED, *self.neighbours}
        words = b"|".join(re.escape(one.rpartition(".")[2].encode()) for one in refused)
        # Reading them all takes most of a second; what names nothing of these can import none of it.
        suspect = re.compile(rb"\b(?:" + words + rb")\b|coding[:=]")
        for name, spec in self.specs.items():
            if not spec.has_location:
                continue
            source = Path(cast(str, spec.origin)).read_bytes()
            if source.isascii() and not suspect.search(source):
                continue
            for target, names in _imports(source, spec.parent or name, cast(str, spec.origin)):
                if not self.has(target):
                    self.check(target, names)


def _check_name(name: str, folder: Path) -> None:
    if not all(part.isidentifier() and not iskeyword(part) for part in name.split(".")):
        raise PackageError(f"{folder}: folder: must have a Python name; rename it, as in 'hello_extension'")
    taken = _places(name)
    if taken is not None and str(folder) not in taken:
        raise PackageError(f"{folder}: folder: there is a Python package '{name}' already; rename the folder")


def _places(name: str) -> list[str] | None:
    """The folders of an importable package, none for a module that is no folder; None where the name is free."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):  # the latter: in sys.modules without a spec, as __main__ is
        return [] if name in sys.modules else None
    if spec is None:
        return None
    return [os.path.realpath(place) for place in spec.submodule_search_locations or ()]


def _specs(name: str, folder: Path) -> Iterator[tuple[str, ModuleSpec]]:
    """A spec for every module below `folder`, parents first. Folders without Python names are data."""
    count = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if one.isidentifier() and one != "__pycache__")
        package = ".".join([name, *Path(place).relative_to(folder).parts])
        modules = sorted(one[:-3] for one in files if one.endswith(".py") and one != "__init__.py")
        modules = [one for one in modules if one.isidentifier()]
        count += 1 + len(modules)
        if count > MOST:
            raise PackageError(f"{folder}: folder: has more than {MOST} modules; keep only the extension's own in it")
        yield package, _package_spec(package, Path(place), "__init__.py" in files)
        for file in modules:
            module = f"{package}.{file}"
            path = str(Path(place) / f"{file}.py")
            yield module, cast(ModuleSpec, spec_from_file_location(module, path, loader=SourceFileLoader(module, path)))


def _package_spec(name: str, folder: Path, has_code: bool) -> ModuleSpec:
    path = str(folder / "__init__.py")
    loader = SourceFileLoader(name, path)  # for a bare folder too: it finds the resources beside the path
    if has_code:
        return cast(
            ModuleSpec, spec_from_file_location(name, path, loader=loader, submodule_search_locations=[str(folder)])
        )
    spec = ModuleSpec(name, loader, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    return spec


def _import_root(spec: ModuleSpec) -> None:
    """Import the package itself, which no finder would find; those find the rest by its `__path__`."""
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        if spec.has_location:
            cast(SourceFileLoader, spec.loader).exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise


@lru_cache(MOST)
def _imports(source: bytes, package: str, path: str) -> list[tuple[str, list[str]]]:
    """What the source of a module imports, wherever in it: an absolute name, and the names taken from it."""
    found: list[tuple[str, list[str]]] = []
    for node in _statements(ast.parse(source, path).body):
        if isinstance(node, ast.Import):
            found += ((one.name, []) for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            target = "." * node.level + (node.module or "")
            names = [one.name for one in node.names]
            found.append((resolve_name(target, package) if node.level else target, names))
    return found


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements, those within others too; not the expressions, which are ten times as many."""
    for one in body:
        yield one
        for inner in (one, *getattr(one, "handlers", ()), *getattr(one, "cases", ())):
            for part in ("body", "orelse", "finalbody"):
                if inside := getattr(inner, part, None):
                    yield from _statements(inside)
