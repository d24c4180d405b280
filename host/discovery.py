"""Which extensions there are: folders and entry points are looked through, manifests read. Nothing of them is run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import entry_points
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

from host.contributions import Language
from host.manifest import FILE, Manifest, ManifestError, read
from host.packages import Package, PackageError

GROUP = "roost.extensions"
"""The entry points of distributions that have extensions: `name = "package"`."""


class Installed:
    """One extension that can be activated: its manifest and its code."""

    __slots__ = ("manifest", "package", "stuck")

    def __init__(self, manifest: Manifest, package: Package) -> None:
        self.manifest = manifest
        self.package = package
        self.stuck = 0
        """Users for whom its module code ran over its time and has not ended yet."""

    @property
    def id(self) -> str:
        """`publisher.name`."""
        return self.manifest.id

    @property
    def key(self) -> str:
        """The id as ids are compared."""
        return self.id.lower()

    @property
    def path(self) -> str:
        """The extension's folder."""
        return str(self.package.folder)

    @property
    def entry(self) -> str:
        """The import name of the module that has `activate`."""
        return ".".join([self.package.name, *self.manifest.main.removesuffix(".py").split("/")])

    @property
    def languages(self) -> Sequence[Language]:
        """What its manifest says of languages."""
        return self.manifest.contributes.languages

    def package_json(self) -> dict[str, Any]:
        """The manifest in VS Code's names, a fresh dict."""
        return self.manifest.package_json()


class Discovery:
    """What one look through all places found. A place that is wrong is a problem, told in one line, and left out."""

    def __init__(self, folders: Sequence[Path], builtin: Path | None, disabled: Iterable[str]) -> None:
        self.problems: list[str] = []
        self._disabled = {one.lower() for one in disabled}
        self._found: dict[str, Installed] = {}
        for name, folder in chain(_built_in(builtin), self._in(folders), self._entry_points()):
            self._add(name, folder)
        self._leave_out_dependents()
        self._leave_out_circles()
        self._tell_of_packs()
        names = frozenset(one.package.name for one in self._found.values())
        for one in self._found.values():
            one.package.neighbours = names - {one.package.name}

    @property
    def installed(self) -> dict[str, Installed]:
        """What can be activated, by lower-case id."""
        return self._found

    def _in(self, folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
        for folder in folders:
            if not folder.is_dir():
                self.problems.append(f"extensions.folders: there is no folder {folder}; make it, or take it out")
                continue
            found = [folder] if (folder / FILE).is_file() else list(_extensions(folder))
            if not found:
                self.problems.append(f"extensions.folders: {folder} has no {FILE} and no folder with one; take it out")
            yield from ((one.resolve().name, one) for one in found)

    def _entry_points(self) -> Iterator[tuple[str, Path]]:
        for point in entry_points(group=GROUP):
            place = f"entry point {point.name} = {point.value}"
            try:
                spec = find_spec(point.value)
            except Exception as error:  # noqa: BLE001  the edge of a distribution: finding runs the code of parent packages
                self.problems.append(f"{place}: cannot be found ({type(error).__name__}: {error}); reinstall it")
                continue
            if spec is None or not spec.submodule_search_locations:
                self.problems.append(f"{place}: is no package; name the package whose folder has {FILE}")
            else:
                yield point.value, Path(next(iter(spec.submodule_search_locations)))

    def _add(self, name: str, folder: Path) -> None:
        try:
            manifest = read(folder)
            if manifest.id.lower() in self._disabled:
                return
            package = Package(name, folder, proposals=manifest.enabled_api_proposals, shared=manifest.shared)
        except (ManifestError, PackageError) as error:
            self.problems += str(error).splitlines()
            return
        self._keep(Installed(manifest, package))

    def _keep(self, one: Installed) -> None:
        first = self._found.setdefault(one.key, one)
        if first is not one and first.path != one.path:
            self.problems.append(f"{one.path}: {one.id} is installed at {first.path} already; remove one of them")

    def _leave_out(self, one: Installed, reason: str) -> None:
        self.problems.append(f"{one.path}/{FILE}: extension_dependencies: {reason}")
        del self._found[one.key]

    def _leave_out_dependents(self) -> None:
        """Those that need what is not there, and those that need them in turn."""
        while missing := next(self._missing(), None):
            one, dependency = missing
            self._leave_out(one, f"{dependency} is not there, or disabled; install it, or take it out")

    def _missing(self) -> Iterator[tuple[Installed, str]]:
        for one in self._found.values():
            for dependency in one.manifest.extension_dependencies:
                if dependency.lower() not in self._found:
                    yield one, dependency

    def _tell_of_packs(self) -> None:
        """Name what was meant to be installed along and is not; nothing is left out for it."""
        for one in self._found.values():
            missing = [member for member in one.manifest.extension_pack if member.lower() not in self._found]
            if missing:
                self.problems.append(f"{one.path}/{FILE}: extension_pack: {', '.join(missing)} not installed; add them")

    def _leave_out_circles(self) -> None:
        """All that need each other in a circle, then those that need them."""
        while circle := self._circle():
            ids = " -> ".join(self._found[key].id for key in circle)
            for key in dict.fromkeys(circle):
                self._leave_out(self._found[key], f"{ids} is a circle; take one of them out")
            self._leave_out_dependents()

    def _circle(self) -> list[str] | None:
        """The keys of a circle, each before the one it needs, and the first again; None if there is none."""
        needs = {key: [one.lower() for one in it.manifest.extension_dependencies] for key, it in self._found.items()}
        try:
            TopologicalSorter(needs).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            return circle[::-1]
        return None


def _built_in(folder: Path | None) -> Iterator[tuple[str, Path]]:
    """Those that come with the host are in its own package, so their import names begin with its."""
    if folder is not None:
        yield from ((f"{folder.name}.{one.name}", one) for one in _extensions(folder))


def _extensions(folder: Path) -> Iterator[Path]:
    yield from (one for one in sorted(folder.iterdir()) if (one / FILE).is_file())
