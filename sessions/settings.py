"""Settings: the registered defaults, the user's own over them, the workspace's over those, by VS Code's rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from sessions.errors import InvalidValue
from sessions.memento import ABSENT, Memento
from sessions.store import Store
from sessions.tasks import settle
from sessions.values import name_of

NAMESPACE = "settings"
"""Where they are kept: an extension's id has a dot in it, so none can have this one."""

KEY_PARTS = 32
"""How many words a key may have: `editor.fontSize` has two."""

Changed = Callable[[frozenset[str]], None]
"""Called with the keys whose values may have changed."""

Tree = dict[str, Any]


class Layer(Memento):
    """What one target of settings holds. It is small, as it is read through whenever somebody asks for a section."""

    __slots__ = ()

    value_bytes = 128 << 10
    all_bytes = 512 << 10


class Settings:
    """A user's settings: dotted keys that are read as nested objects (VS Code's `getConfiguration`).

    Objects of different layers are merged key by key, all else is replaced. The targets of an update are
    'global' (the user's own) and 'workspace'.
    """

    __slots__ = ("_defaults", "_layers", "_listeners", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._layers = {target: Layer(store, NAMESPACE, target) for target in ("global", "workspace")}
        self._defaults: list[Mapping[str, Any]] = []
        self._listeners: list[Changed] = []

    async def load(self) -> None:
        """Read them once, before anything else is asked. Raises `StoreError`."""
        rows = await self._store.read("SELECT scope, key, value FROM kv WHERE namespace = ?", (NAMESPACE,))
        for target, layer in self._layers.items():
            layer.fill({key: value for scope, key, value in rows if scope == target})

    def register_defaults(self, defaults: Mapping[str, Any]) -> Callable[[], None]:
        """Add default values by dotted key (not copied: many users may share one mapping); returns the undo."""
        self._defaults.append(defaults)

        def undo() -> None:
            self._defaults = [one for one in self._defaults if one is not defaults]

        return undo

    def effective(self, section: str | None = None) -> Any:
        """The settings of a section, nested and your own copy; all of them without one, `{}` where there are none."""
        return self.get(section, {}) if section else self._merged(None)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of one key, or `default` where no layer has one (a null is None)."""
        found = _at(self._merged(key), key)
        return default if found is ABSENT else found

    def inspect(self, key: str) -> dict[str, Any]:
        """`{key, default_value, global_value, workspace_value}`, without those that have none."""
        layers = {"default_value": _layered(self._default_trees(key))}
        layers |= {f"{target}_value": _tree(_of(layer, key)) for target, layer in self._layers.items()}
        values = {name: _at(tree, key) for name, tree in layers.items()}
        return {"key": key} | {name: value for name, value in values.items() if value is not ABSENT}

    def own(self, target: str) -> dict[str, Any]:
        """What one target itself holds, by dotted key: your own copy."""
        layer = self._layers[target]
        return {key: layer.get(key) for key in layer.keys()}  # noqa: SIM118  a Memento is no mapping

    def update(self, key: str, value: object = ABSENT, target: str = "global") -> asyncio.Future[None]:
        """Set a value, or remove it where none is given; it counts at once, the future is done when it is on the disk.

        Raises `InvalidValue` and `QuotaExceeded` at once; the future `StoreError`, or `FileSystemError` with NoSpace.
        """
        layer = self._layers.get(target)
        if layer is None:
            raise InvalidValue("target", "must be 'global' or 'workspace'")
        if "" in (parts := name_of("key", key).split(".")) or len(parts) > KEY_PARTS:
            raise InvalidValue("key", f"must be 1 to {KEY_PARTS} words with a dot between, such as editor.fontSize")
        before = layer.get(key, ABSENT)
        return self._told(layer.update(key, value), key, changed=_differs(before, value))

    def listen(self, changed: Changed) -> Callable[[], None]:
        """Call `changed` with a set of keys soon after an update is on the disk; returns the undo."""
        self._listeners.append(changed)

        def undo() -> None:
            if changed in self._listeners:
                self._listeners.remove(changed)

        return undo

    def _told(self, written: asyncio.Future[None], key: str, changed: bool) -> asyncio.Future[None]:
        loop = written.get_loop()
        promise: asyncio.Future[None] = loop.create_future()

        def tell(written: asyncio.Future[None]) -> None:
            error = written.exception()
            for listener in self._listeners if changed and error is None else ():
                loop.call_soon(listener, frozenset({key}))
            settle(promise, error)

        written.add_done_callback(tell)
        return promise

    def _merged(self, key: str | None) -> Tree:
        own = (_tree(_of(layer, key)) for layer in self._layers.values())
        return _layered([*self._default_trees(key), *own])

    def _default_trees(self, key: str | None) -> list[Tree]:
        touching = ({name: one[name] for name in one if _touches(name, key)} for one in self._defaults)
        return [_tree(orjson.loads(orjson.dumps(one))) for one in touching]


def _of(layer: Layer, key: str | None) -> Tree:
    return {name: layer.get(name) for name in layer.keys() if _touches(name, key)}  # noqa: SIM118  a Memento is no dict


def _touches(name: str, key: str | None) -> bool:
    """Whether the setting `name` can say anything about `key`: it is it, or one of them is inside the other."""
    return key is None or name == key or name.startswith(f"{key}.") or key.startswith(f"{name}.")


def _tree(settings: Mapping[str, Any]) -> Tree:
    """Dotted keys as nested objects; a key that would be inside of what is no object is ignored, as in VS Code."""
    tree: Tree = {}
    for key in sorted(settings):
        *folders, last = key.split(".")
        place: Any = tree
        for folder in folders:
            place = place.setdefault(folder, {}) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[last] = settings[key]
    return tree


def _layered(trees: list[Tree]) -> Tree:
    merged: Tree = {}
    for tree in trees:
        _merge(merged, tree)
    return merged


def _merge(under: Tree, over: Tree) -> None:
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(under.get(key), dict):
            _merge(under[key], value)
        else:
            under[key] = value


def _at(tree: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(tree, dict) or part not in tree:
            return ABSENT
        tree = tree[part]
    return tree


def _differs(before: object, after: object) -> bool:
    if before is ABSENT or after is ABSENT:
        return before is not after
    return orjson.dumps(before) != orjson.dumps(after)
