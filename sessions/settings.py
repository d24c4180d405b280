"""Settings: the registered defaults, the user's own over them, the workspace's over those, by VS Code's rules."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import orjson

from sessions.dotted import Tree, at, layered, touches, tree_of
from sessions.errors import InvalidValue
from sessions.memento import ABSENT, Memento
from sessions.settingsfile import SettingsFile, Start
from sessions.store import Store
from sessions.tasks import settle
from sessions.values import name_of

NAMESPACE = "settings"
"""Where they are kept: an extension's id has a dot in it, so none can have this one."""

KEY_PARTS = 32
"""How many words a key may have: `editor.fontSize` has two."""

Changed = Callable[[frozenset[str]], None]
"""Called with the keys whose values may have changed."""

OWN = frozenset({"ai_providers", "auth", "budgets", "quotas", "security", "server", "storage", "terminals"})
"""First words of what only a user themselves may set: a folder that they cloned must not raise their budgets."""

NOT_OF_FOLDERS = frozenset({"application", "machine"})
"""Scopes of settings that a workspace cannot have."""

OF_ONE_FOLDER = frozenset({"resource", "language-overridable", "machine-overridable"})
"""Scopes of settings that may be another one in each folder of a workspace."""

_LANGUAGES = re.compile(r"\[([^\]]+)\]")


class Rule(Protocol):
    """What is known of a registered setting; `scope` is one of VS Code's `contributes.configuration`."""

    @property
    def scope(self) -> str: ...

    def mistake(self, value: object) -> str | None:
        """What is wrong with a value, as words to follow the setting's name; None where it is fine."""


class Source(Protocol):
    """Where one target's values are."""

    def get(self, key: str, default: Any = None) -> Any: ...
    def keys(self) -> list[str]: ...
    def update(self, key: str, value: object = ABSENT) -> asyncio.Future[None]: ...


class Layer(Memento):
    """What one target of settings holds. It is small, as it is read through whenever somebody asks for a section."""

    __slots__ = ()

    value_bytes = 128 << 10
    all_bytes = 512 << 10


ENCODED = 16
"""Keys whose defaults are kept merged for one user."""


class Settings:
    """A user's settings: dotted keys that are read as nested objects (VS Code's `getConfiguration`).

    Objects of different layers are merged key by key, all else is replaced. The targets of an update are
    'global' (the user's own) and 'workspace'.
    """

    __slots__ = ("_defaults", "_encoded", "_layers", "_listeners", "_rules", "_store", "file")

    def __init__(self, store: Store, file: SettingsFile | None = None) -> None:
        """`file` has the workspace's settings; without one they are in the store too."""
        self._store = store
        self.file = file
        self._layers: dict[str, Source] = {"global": Layer(store, NAMESPACE, "global")}
        self._layers["workspace"] = file or Layer(store, NAMESPACE, "workspace")
        self._defaults: list[Mapping[str, Any]] = []
        self._encoded: dict[str, bytes] = {}
        """The defaults of some keys, merged, as JSON: most reading is of the same few sections, again and again."""
        self._rules: list[Mapping[str, Rule]] = []
        self._listeners: list[Changed] = []

    async def load(self) -> None:
        """Read them once, before anything else is asked. Raises `StoreError`."""
        rows = await self._store.read("SELECT scope, key, value FROM kv WHERE namespace = ?", (NAMESPACE,))
        for target, layer in self._layers.items():
            if isinstance(layer, Layer):
                layer.fill({key: value for scope, key, value in rows if scope == target})
        if self.file is not None:
            await self.file.load()

    async def refresh(self) -> None:
        """Look whether the workspace's file is another one by now, and tell whoever listens."""
        if self.file is not None and (keys := await self.file.load()):
            self.tell(keys)

    def register_defaults(
        self, defaults: Mapping[str, Any], rules: Mapping[str, Rule] | None = None
    ) -> Callable[[], None]:
        """Add default values, and rules, by dotted key (not copied: many users may share them); returns the undo."""
        self._defaults.append(defaults)
        self._rules.append(rules or {})
        self._encoded.clear()

        def undo() -> None:
            self._encoded.clear()
            self._defaults = [one for one in self._defaults if one is not defaults]
            self._rules = [one for one in self._rules if one is not rules]

        return undo

    def rule(self, key: str) -> Rule | None:
        """What is known of a registered setting."""
        return next((rules[key] for rules in self._rules if key in rules), None)

    def effective(
        self, section: str | None = None, *, language: str | None = None, folder: Source | None = None
    ) -> Any:
        """The settings of a section, nested and your own copy; all of them without one, `{}` where there are none.

        As they are for what is written in `language`, and for what is in a `folder` with settings of its own.
        """
        if section:
            return self.get(section, {}, language=language, folder=folder)
        return self._merged(None, language, folder)

    def get(self, key: str, default: Any = None, *, language: str | None = None, folder: Source | None = None) -> Any:
        """The value of one key, or `default` where no layer has one (a null is None)."""
        found = at(self._merged(key, language, folder), key, ABSENT)
        return default if found is ABSENT else found

    def inspect(self, key: str, *, language: str | None = None, folder: Source | None = None) -> dict[str, Any]:
        """`{key, default_value, global_value, workspace_value}`, without those that have none.

        With a `folder` also `workspace_folder_value`; with a `language` also `global_language_value` and the like,
        which are what is said for that language only.
        """
        layers = {"default_value": self._default_tree(key)}
        if language is not None:
            layers["default_language_value"] = layered([*self._default_blocks(language, key)])
        for target, layer in self._sources(folder).items():
            layers[f"{target}_value"] = self._of(target, layer, key)
            layers[f"{target}_language_value"] = layered(self._said_for(language, target, layer, key))
        values = {name: at(tree, key, ABSENT) for name, tree in layers.items()}
        return {"key": key} | {name: value for name, value in values.items() if value is not ABSENT}

    def languages(self, key: str, folder: Source | None = None) -> list[str]:
        """The languages that something is said of `key` for."""
        sources = self._sources(folder).items()
        names = [name for _, layer in sources for name in layer.keys()]  # noqa: SIM118
        names += (name for one in self._defaults for name in one)
        found = {language for name in names if name.startswith("[") for language in _LANGUAGES.findall(name)}
        return sorted(language for language in found if self._says(language, sources, key))

    def _says(self, language: str, sources: Iterable[tuple[str, Source]], key: str) -> bool:
        said = [tree for source in sources for tree in self._said_for(language, *source, key)]
        return any(at(tree, key, ABSENT) is not ABSENT for tree in (*said, *self._default_blocks(language, key)))

    def own(self, target: str) -> dict[str, Any]:
        """What one target itself holds, by dotted key: your own copy."""
        layer = self._layers[target]
        return {key: layer.get(key) for key in layer.keys()}  # noqa: SIM118  a Memento is no mapping

    def update(
        self,
        key: str,
        value: object = ABSENT,
        target: str = "global",
        *,
        language: str | None = None,
        folder: Source | None = None,
    ) -> asyncio.Future[None]:
        """Set a value, or remove it where none is given; it counts at once, the future is done when it is on the disk.

        The target 'workspace_folder' is `folder`. Raises `InvalidValue` and `QuotaExceeded` at once; the future
        `StoreError`, or `FileSystemError` with NoSpace.
        """
        layer = self._sources(folder).get(target)
        if layer is None:
            raise InvalidValue("target", "must be 'global' or 'workspace'")
        if "" in (parts := name_of("key", key).split(".")) or len(parts) > KEY_PARTS:
            raise InvalidValue("key", f"must be 1 to {KEY_PARTS} words with a dot between, such as editor.fontSize")
        self._check(key, value, target, language)
        name = key if language is None else f"[{language}]"
        before = layer.get(name, ABSENT)
        after = value if language is None else _block(before, key, value)
        changed = {key if language is None else f"{name}.{key}"} if _differs(before, after) else set[str]()
        return self._told(layer.update(name, after), frozenset(changed), tell=target != "workspace_folder")

    def of_folder(self, path: str, start: Start) -> SettingsFile | None:
        """What a further folder says, to be passed as `folder`; None where the workspace itself has no file."""
        return SettingsFile(self.file.files, path, start) if self.file else None

    def meant(self, key: str, value: object) -> object:
        """A value as it is meant: null removes a setting, unless it is one that may be null."""
        rule = self.rule(key)
        return ABSENT if value is None and (rule is None or rule.mistake(None)) else value

    def _check(self, key: str, value: object, target: str, language: str | None) -> None:
        rule, words = self.rule(key), target.replace("_", " ")
        scope = rule.scope if rule else "resource"
        if target != "global" and (scope in NOT_OF_FOLDERS or key.partition(".")[0] in OWN):
            raise InvalidValue("key", f"'{key}' cannot be set for a {words}: set it for the target 'global'")
        if target == "workspace_folder" and scope not in OF_ONE_FOLDER:
            raise InvalidValue("key", f"'{key}' cannot be set for one folder: set it for the target 'workspace'")
        if language is not None and rule is not None and scope != "language-overridable":
            raise InvalidValue("key", f"'{key}' cannot be set for one language: set it for all")
        if value is not ABSENT and rule is not None and (wrong := rule.mistake(value)):
            raise InvalidValue("value", f"of '{key}' {wrong}")

    def close(self) -> None:
        """The session ends: nobody hears of changes any more."""
        self._listeners.clear()

    def listen(self, changed: Changed) -> Callable[[], None]:
        """Call `changed` with a set of keys soon after an update is on the disk; returns the undo."""
        self._listeners.append(changed)
        heard = [changed]  # who has the undo is often who hears: once called it holds nobody

        def undo() -> None:
            while heard:
                one = heard.pop()
                if one in self._listeners:
                    self._listeners.remove(one)

        return undo

    def tell(self, keys: frozenset[str]) -> None:
        """Let all who listen hear of keys, soon; one for a language is `[python].editor.tabSize`."""
        for listener in self._listeners:
            asyncio.get_running_loop().call_soon(listener, keys)

    def _told(self, written: asyncio.Future[None], keys: frozenset[str], *, tell: bool) -> asyncio.Future[None]:
        promise: asyncio.Future[None] = written.get_loop().create_future()

        def landed(written: asyncio.Future[None]) -> None:
            if written.cancelled():
                promise.cancel()
                return
            error = written.exception()
            if keys and tell and error is None:
                self.tell(keys)
            settle(promise, error)

        written.add_done_callback(landed)
        return promise

    def _sources(self, folder: Source | None) -> dict[str, Source]:
        return self._layers if folder is None else {**self._layers, "workspace_folder": folder}

    def _merged(self, key: str | None, language: str | None, folder: Source | None) -> Tree:
        sources = self._sources(folder).items()
        trees = [self._default_tree(key), *(self._of(target, layer, key) for target, layer in sources)]
        if language is None:
            return layered(trees)
        said = [tree for one in sources for tree in self._said_for(language, *one, key)]
        return layered([*trees, *self._default_blocks(language, key), *said])

    def _of(self, target: str, layer: Source, key: str | None) -> Tree:
        """What a target says, without what it has no say in."""
        said = {name: layer.get(name) for name in layer.keys() if touches(name, key)}  # noqa: SIM118
        return self._allowed(target, tree_of(said))

    def _said_for(self, language: str | None, target: str, layer: Source, key: str | None) -> list[Tree]:
        blocks = [layer.get(name) for name in layer.keys() if language in _LANGUAGES.findall(name)]  # noqa: SIM118
        said = ({name: one for name, one in block.items() if touches(name, key)} for block in blocks if _is_map(block))
        return [self._allowed(target, tree_of(one)) for one in said]

    def _default_blocks(self, language: str, key: str | None) -> Iterator[Tree]:
        for one in self._defaults:
            for name in one:
                if language in _LANGUAGES.findall(name) and isinstance(one[name], dict):
                    yield _copied(one[name], key)

    def _allowed(self, target: str, tree: Tree) -> Tree:
        if target == "global" or not tree:
            return tree
        for name in OWN & tree.keys():
            del tree[name]
        for rules in self._rules:
            for key, rule in rules.items():
                if _is_not_for(target, rule.scope):
                    _drop(tree, key)
        return tree

    def _default_tree(self, key: str | None) -> Tree:
        """The defaults that touch a key, merged: a copy of its own."""
        if key is None:
            return layered([_copied(one, key) for one in self._defaults])
        found = self._encoded.get(key)
        if found is None:
            if len(self._encoded) >= ENCODED:
                self._encoded.clear()
            found = self._encoded[key] = orjson.dumps(layered([_copied(one, key) for one in self._defaults]))
        tree: Tree = orjson.loads(found)
        return tree


def _copied(settings: Mapping[str, Any], key: str | None) -> Tree:
    return tree_of(orjson.loads(orjson.dumps({name: settings[name] for name in settings if touches(name, key)})))


def _is_map(value: object) -> bool:
    return isinstance(value, dict)


def _block(before: object, key: str, value: object) -> object:
    """A language's block of settings with one of them changed; ABSENT where none is left."""
    kept = {name: one for name, one in before.items() if name != key} if isinstance(before, dict) else {}
    return kept | ({} if value is ABSENT else {key: value}) or ABSENT


def _is_not_for(target: str, scope: str) -> bool:
    return scope in NOT_OF_FOLDERS or (target == "workspace_folder" and scope not in OF_ONE_FOLDER)


def _drop(tree: Tree, key: str) -> None:
    *places, last = key.split(".")
    for place in places:
        inner = tree.get(place)
        if not isinstance(inner, dict):
            return
        tree = inner
    tree.pop(last, None)


def _differs(before: object, after: object) -> bool:
    if before is ABSENT or after is ABSENT:
        return before is not after
    return orjson.dumps(before) != orjson.dumps(after)
