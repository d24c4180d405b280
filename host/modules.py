"""Modules of extensions: one set of objects for each user, made from code that is compiled once. It activates nothing.

The modules keep their own names, so absolute and relative imports, pickles and type hints work as if there were one
user. In `sys.modules` stand proxies that have no state and answer for the user whose turn it is; every module of a
user has an `__import__` of its own that gives the user's own modules.
"""

from __future__ import annotations

import builtins
import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import resolve_name
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from host.packages import Package
from sessions.current import current_turn
from sessions.errors import RoostError

if TYPE_CHECKING:
    from sessions.context import SessionContext

PATIENCE_S = 5.0
"""How long an import waits for another thread of the same user that imports."""

STATIC = frozenset({"__name__", "__spec__", "__path__", "__package__", "__loader__", "__file__", "__class__"})
"""What a proxy answers by itself: the import system and those who look through `sys.modules` need no user for it."""


class NoModuleHere(RoostError, AttributeError):
    """A user's own module was asked for where there is no such user, or where the extension does not run for them."""


def install(package: Package) -> None:
    """Let `sys.modules` have the proxies of a private package; `remove` undoes it."""
    if not package.shared:
        (_proxies(package.name) or _Proxies(package.name)).add(package.specs)


def remove(package: Package) -> None:
    """Undo `install`: where no other loader of this process needs the proxies, `sys.modules` is as it was."""
    proxies = None if package.shared else _proxies(package.name)
    if proxies is not None:
        proxies.release()


class Copies:
    """One user's copies of the packages that run for them, by import name."""

    __slots__ = ("_copies",)

    def __init__(self, session: SessionContext) -> None:
        self._copies: dict[str, Copy] = {}

    def get(self, package: str) -> Copy | None:
        """The user's copy of the package of this import name, if the extension runs."""
        return self._copies.get(package)

    def has(self, package: str, names: Mapping[str, Any]) -> bool:
        """Whether these are the globals of a module of the user's copy of a package."""
        copy = self._copies.get(package)
        return copy is not None and copy.has(names)

    def make(self, package: Package) -> Copy:
        """A fresh copy in which nothing is loaded yet."""
        copy = self._copies[package.name] = Copy(package)
        return copy

    def drop(self, package: Package) -> list[ModuleType]:
        """Let go of the user's modules, and give them to be collected."""
        copy = self._copies.pop(package.name, None)
        return copy.close() if copy is not None else []


class Copy:
    """One user's modules of one package. Loading runs their code and may take long: it belongs in a thread."""

    __slots__ = ("_builtins", "_closed", "_lock", "_modules", "_running", "package")

    def __init__(self, package: Package) -> None:
        self.package = package
        self._modules: dict[str, ModuleType] = {}
        self._running: set[str] = set()
        self._lock = threading.RLock()
        self._closed = False
        self._builtins = {**vars(builtins), "__import__": _importer(self)}

    def load(self, name: str) -> ModuleType:
        """The user's module of this absolute name, run on first use. Raises `ImportError`, or what its code raises."""
        module = self._modules.get(name)
        if module is not None and name not in self._running:
            return module
        if not self._lock.acquire(timeout=PATIENCE_S):
            raise ImportError(f"another thread imports {name!r} for this user and has not ended", name=name)
        try:
            return self._modules.get(name) or self._load(name)
        finally:
            self._lock.release()

    def _load(self, name: str) -> ModuleType:
        if name not in self.package.specs:
            raise ModuleNotFoundError(f"No module named {name!r} in the extension at {self.package.folder}", name=name)
        if name != self.package.name:
            self.load(name.rpartition(".")[0])
        return self._modules.get(name) or self._run(name)  # the parent may have imported it

    def _run(self, name: str) -> ModuleType:
        if self._closed:
            raise ImportError(f"module {name!r}: its extension was unloaded for this user", name=name)
        code = self.package.code(name)
        proxy = sys.modules.get(name)
        module = self._modules[name] = self._made(name)
        self._bind(name, module)
        self._running.add(name)
        try:
            if code is not None:
                exec(code, module.__dict__)
            _refuse_another(name, proxy)
        except BaseException:
            del self._modules[name]
            self._unbind(name, module)
            raise
        finally:
            self._running.discard(name)
        return module

    def _made(self, name: str) -> ModuleType:
        spec = self.package.specs[name]
        module = ModuleType(name)
        module.__dict__.update(
            __spec__=spec, __loader__=spec.loader, __package__=spec.parent, __builtins__=self._builtins
        )
        if spec.has_location:
            module.__dict__.update(__file__=spec.origin, __cached__=spec.cached)
        if spec.submodule_search_locations is not None:
            module.__dict__["__path__"] = list(spec.submodule_search_locations)
        return module

    def _bind(self, name: str, module: ModuleType) -> None:
        """Make a module its parent's attribute, early, so that those who import each other find this one."""
        parent, _, child = name.rpartition(".")
        if name != self.package.name:
            setattr(self._modules[parent], child, module)

    def _unbind(self, name: str, module: ModuleType) -> None:
        parent, _, child = name.rpartition(".")
        owner = self._modules.get(parent)
        if owner is not None and owner.__dict__.get(child) is module:
            delattr(owner, child)

    def has(self, names: Mapping[str, Any]) -> bool:
        """Whether these are the globals of one of its modules."""
        return names.get("__builtins__") is self._builtins

    def close(self) -> list[ModuleType]:
        """Load nothing more, and forget what was loaded; code that still runs keeps what it has."""
        self._closed = True
        modules = list(self._modules.values())
        self._modules.clear()
        return modules


class Proxy(ModuleType):
    """What stands in `sys.modules` for a module that every user has of their own. It keeps nothing of anybody."""

    def __init__(self, proxies: _Proxies, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        own = _own(self)
        own.update(__spec__=spec, __loader__=spec.loader, __package__=spec.parent, __class__=Proxy, proxies=proxies)
        if spec.has_location:
            own["__file__"] = spec.origin
        if spec.submodule_search_locations is not None:
            own["__path__"] = []  # empty: no finder may load a copy for everybody from the folder

    def __getattribute__(self, name: str) -> Any:
        own = _own(self)
        if name not in STATIC:
            return getattr(_here(own["proxies"].package, own["__name__"]), name)
        if name in own:
            return own[name]
        raise AttributeError(f"module {own['__name__']!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        own = _own(self)
        setattr(_here(own["proxies"].package, own["__name__"]), name, value)

    def __delattr__(self, name: str) -> None:
        own = _own(self)
        delattr(_here(own["proxies"].package, own["__name__"]), name)


def _own(proxy: Proxy) -> dict[str, Any]:
    """A proxy's own dictionary; every other way to it leads to a user's module."""
    return cast("dict[str, Any]", ModuleType.__getattribute__(proxy, "__dict__"))


def _here(package: str, name: str) -> ModuleType:
    """The module of the user whose turn it is. Raises `NoModuleHere`."""
    turn = current_turn()
    if turn is None or turn.session is None:
        raise NoModuleHere(f"every user has a module {name!r} of their own; enter one: `with session.entered():`")
    copies = turn.session.peek(Copies)
    copy = copies.get(package) if copies else None
    if copy is None:
        raise NoModuleHere(f"module {name!r}: its extension does not run for {turn.uid}; activate it first")
    return copy.load(name)


class _Proxies:
    """The proxies of one package. They belong to the process, so the loaders of several hosts in it share them."""

    __slots__ = ("_before", "_holders", "package")

    def __init__(self, package: str) -> None:
        self.package = package
        self._before: dict[str, ModuleType | None] = {}
        self._holders = 0

    def add(self, specs: Mapping[str, ModuleSpec]) -> None:
        """Stand in for these modules, for one loader more."""
        self._holders += 1
        for name, spec in specs.items():
            if name not in self._before:
                self._before[name] = sys.modules.get(name)
                sys.modules[name] = Proxy(self, spec)
        parent, _, child = self.package.rpartition(".")
        if parent:
            setattr(importlib.import_module(parent), child, sys.modules[self.package])

    def release(self) -> None:
        """One loader less; the last one leaves `sys.modules` as it was before the first."""
        self._holders -= 1
        if self._holders:
            return
        for name, module in self._before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
        parent, _, child = self.package.rpartition(".")
        if parent:
            _restore(importlib.import_module(parent), child, self._before[self.package])


def _restore(parent: ModuleType, child: str, module: ModuleType | None) -> None:
    if module is None:
        delattr(parent, child)
    else:
        setattr(parent, child, module)


def _proxies(package: str) -> _Proxies | None:
    root = sys.modules.get(package)
    return cast(_Proxies, _own(root)["proxies"]) if type(root) is Proxy else None


def _refuse_another(name: str, proxy: ModuleType | None) -> None:
    """A module may not put something of one user in its place in `sys.modules`, which is everybody's."""
    if sys.modules.get(name) is proxy:
        return
    if proxy is None:
        sys.modules.pop(name)
    else:
        sys.modules[name] = proxy
    raise ImportError(
        f"module {name!r} put something else into sys.modules, which all users share; "
        "define a module-level __getattr__ instead, or say shared = true in extension.toml",
        name=name,
    )


def _importer(copy: Copy) -> Callable[..., ModuleType]:
    package = copy.package

    def __import__(
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        absolute = resolve_name("." * level + name, (globals or {}).get("__package__") or "") if level else name
        if not package.has(absolute):
            package.check(absolute, fromlist or ())
            return builtins.__import__(absolute, globals, locals, fromlist or (), 0)
        module = copy.load(absolute)
        if fromlist:
            _load_named(copy, module, fromlist)
            return module
        if level:
            return copy.load(absolute.removesuffix(name) + name.partition(".")[0])
        return copy.load(package.name) if "." not in package.name else builtins.__import__(absolute.partition(".")[0])

    return __import__


def _load_named(copy: Copy, module: ModuleType, names: Iterable[str]) -> None:
    """Load those of `names` that are modules of the package `module` and not attributes of it yet."""
    for name in names:
        if name == "*":
            _load_named(copy, module, [one for one in getattr(module, "__all__", ()) if one != "*"])
        elif f"{module.__name__}.{name}" in copy.package.specs and not hasattr(module, name):
            copy.load(f"{module.__name__}.{name}")
