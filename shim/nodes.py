"""The elements of one tree view as its clients know them: by handles that stay. Nobody is asked here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sessions.errors import InvalidValue
from shim.enums import TreeItemCheckboxState
from shim.surface import plain
from shim.turns import in_turns
from shim.types import TreeItem

MOST_NODES = 20_000
"""Elements of one view that are known."""


class Node:
    """An element as clients know it: by a handle that stays while its parent lists it."""

    __slots__ = ("children", "element", "handle", "id", "item", "parent")

    def __init__(self, handle: str, element: Any, item: TreeItem, parent: Node | None) -> None:
        self.handle = handle
        self.element = element
        self.item = item
        self.id = item.id
        """What the extension names it by, as it was listed."""
        self.parent = parent
        self.children: list[Node] = []

    def told(self) -> dict[str, Any]:
        """What clients are told of it."""
        item = self.item
        label = item.label
        if label is None and item.resource_uri is not None:
            label = item.resource_uri.basename()
        return {"handle": self.handle, **plain({**item.to_json(), "label": label})}


class Nodes:
    """All that is known of one view."""

    __slots__ = ("_by_element", "_by_handle", "_by_id", "_numbers", "_roots", "revision")

    def __init__(self) -> None:
        self.revision = 0
        """How often everything was another."""
        self._by_handle: dict[str, Node] = {}
        self._by_element: dict[Any, Node] = {}
        self._by_id: dict[str, Node] = {}
        """Those with an id of their own, which no other one in the view may have."""
        self._numbers: dict[tuple[str, str], str] = {}
        self._roots: list[Node] = []

    def find(self, handle: str) -> Node:
        """The element of a handle; raises `InvalidValue` where there is none any more."""
        node = self._by_handle.get(handle)
        if node is None:
            raise InvalidValue("item", "names no element of this view that is still there; ask for its children again")
        return node

    def of(self, element: Any) -> Node | None:
        """What is known of an element."""
        return self._by_element.get(_key(element))

    async def put(self, parent: Node | None, found: Iterable[tuple[Any, TreeItem]]) -> list[Node]:
        """Have these below an element, or at the top, in place of what was there, once all of them are made."""
        made: dict[str, Node] = {}
        same: dict[str, int] = {}
        async for element, item in in_turns(found):
            node = self._made(parent, element, item, made, same)
            made[node.handle] = node
        self._put(parent, made)
        return [*made.values()]

    def free(self, parent: Node | None) -> None:
        """What is below an element, or at the top, is listed anew: its ids may be given to others from now on."""
        if parent is None:
            self._by_id.clear()
        else:
            for node in _below(parent.children):
                self._give_up_id(node)

    def _put(self, parent: Node | None, made: dict[str, Node]) -> None:
        if parent is not None:
            parent = self.find(parent.handle)  # its own parent may have been listed anew meanwhile
        for node in _below(self._roots if parent is None else parent.children):
            self._forget(node)
        nodes: list[Node] = []
        if parent is None:
            self._roots = nodes
        else:
            parent.children = nodes
        if len(self._by_handle) + len(made) > MOST_NODES:
            raise InvalidValue("get_children", f"{MOST_NODES} elements are known already; list fewer")
        self._take_ids(made.values())
        for node in made.values():
            node.parent = parent
        nodes += made.values()
        self._by_handle.update(made)
        self._by_element.update((_key(node.element), node) for node in nodes)

    def _take_ids(self, nodes: Iterable[Node]) -> None:
        """Raises `InvalidValue`, and takes none, where two elements of the view have one id."""
        ids: dict[str, Node] = {}
        for node in nodes:
            if node.id in ids or node.id in self._by_id:
                raise InvalidValue("id", f"Element with id {node.id} is already registered; an id names one in a view")
            if node.id:
                ids[node.id] = node
        self._by_id.update(ids)

    def _give_up_id(self, node: Node) -> None:
        if node.id and self._by_id.get(node.id) is node:
            del self._by_id[node.id]

    def _made(
        self, parent: Node | None, element: Any, item: TreeItem, taken: dict[str, Node], same: dict[str, int]
    ) -> Node:
        """A node, of whose siblings the handles are `taken`, and so many had the same name."""
        if not isinstance(item, TreeItem):
            raise InvalidValue("get_tree_item", f"must give a TreeItem, not {type(item).__name__}")
        name = f"id:{item.id}" if item.id else f"label:{item.label or item.resource_uri}"
        above, number = parent.handle if parent else "", same.get(name, 0)
        while (handle := self._handle(above, f"{name}#{number}")) in taken:
            number += 1
        same[name] = number + 1
        return Node(handle, element, item, parent)

    def _handle(self, parent: str, name: str) -> str:
        """The same for what has the same name below the same parent, as far as that is remembered."""
        if len(self._numbers) > 2 * MOST_NODES:
            self._numbers.clear()
        return self._numbers.setdefault((parent, name), f"{self.revision}-{len(self._numbers) + 1}")

    def _forget(self, node: Node) -> None:
        self._by_handle.pop(node.handle, None)
        self._give_up_id(node)
        if self._by_element.get(_key(node.element)) is node:
            del self._by_element[_key(node.element)]


def _below(nodes: Iterable[Node]) -> list[Node]:
    """These elements and all below them."""
    found = [*nodes]
    for node in found:
        found += node.children
    return found


def together(node: Node, state: TreeItemCheckboxState) -> list[Node]:
    """What is checked, or not any more, with an element: all below it, and what is above once all below that agree."""
    found = dict.fromkeys(one for one in _below([node]) if one.item.checkbox_state is not None)
    above = node.parent
    while above is not None and above.item.checkbox_state is not None:
        others = (one for one in above.children if one.item.checkbox_state is not None and one not in found)
        if state == TreeItemCheckboxState.CHECKED and any(one.item.checkbox_state != state for one in others):
            break
        found[above] = None
        above = above.parent
    return list(found)


def _key(element: Any) -> Any:
    """What an element is known by: texts and numbers by what they are, all else by being the same object."""
    return element if isinstance(element, str | int | float | bytes) else id(element)
