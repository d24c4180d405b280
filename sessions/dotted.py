"""Dotted keys and the nested objects that they mean, as VS Code's settings have both. It knows no setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Tree = dict[str, Any]


def touches(name: str, key: str | None) -> bool:
    """Whether the setting `name` can say anything about `key`: it is it, or one of them is inside the other."""
    return key is None or name == key or name.startswith(f"{key}.") or key.startswith(f"{name}.")


def tree_of(settings: Mapping[str, Any]) -> Tree:
    """Dotted keys as nested objects; a key that would be inside of what is no object is ignored, as in VS Code."""
    tree: Tree = {}
    for key in sorted(settings):
        *folders, last = [key] if key.startswith("[") else key.split(".")
        place: Any = tree
        for folder in folders:
            place = place.setdefault(folder, {}) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[last] = settings[key]
    return tree


def layered(trees: list[Tree]) -> Tree:
    """Later trees over earlier ones: objects are merged, all else is replaced."""
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


def at(tree: Any, key: str, missing: Any) -> Any:
    """What stands at a dotted key; `missing` where there is nothing."""
    for part in key.split("."):
        if not isinstance(tree, dict) or part not in tree:
            return missing
        tree = tree[part]
    return tree
