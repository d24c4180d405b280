"""`vscode.window`'s tree views: what an extension lists, asked for level by level as clients open it. No drawing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sessions.current import current_session
from sessions.errors import InvalidValue, RoostError
from shim.cancellation import CancellationToken
from shim.commands import Commands
from shim.enums import TreeItemCheckboxState
from shim.events import Disposable, EventEmitter
from shim.nodes import Node, Nodes, together
from shim.surface import Piece, Shown, Surface
from shim.thenable import Thenable, called, thenable
from shim.tree import (
    TreeCheckboxChangeEvent,
    TreeDataProvider,
    TreeDragAndDropController,
    TreeViewActiveItemChangeEvent,
    TreeViewExpansionEvent,
    TreeViewSelectionChangeEvent,
    TreeViewVisibilityChangeEvent,
)
from shim.turns import in_turns
from shim.types import Command, DataTransfer, DataTransferItem, TreeItem
from shim.views import ViewBadge, Views

if TYPE_CHECKING:
    from shim.events import Event

T = TypeVar("T")

MOST_CHILDREN = 5_000
"""Elements below one element."""

PROVIDER_S = 30.0
"""How long a provider may take for one answer."""

CHANGED = "window.onDidChangeTreeData"
"""The event of elements that are other than before: `{handle, items}`, null for all."""

INTERNAL = "application/vnd.code.tree."
"""How VS Code's media types of what is dragged within a tree begin."""


class TreeView(Piece, Generic[T]):
    """VS Code's `TreeView`."""

    __slots__ = (
        "_active",
        "_boxes",
        "_checked",
        "_collapsed",
        "_controller",
        "_expanded",
        "_manual",
        "_nodes",
        "_others",
        "_provider",
        "_seen",
        "_selected",
        "_selection",
        "_undo",
        "_views",
        "view_id",
    )

    kind = "treeView"

    title = Shown[str | None]("")
    description = Shown[str | None](None)
    message = Shown[str | None](None)
    badge = Shown[ViewBadge | None](None)
    can_select_many = Shown[bool](False)
    show_collapse_all = Shown[bool](False)

    def __init__(
        self,
        view_id: str,
        provider: TreeDataProvider[T],
        controller: TreeDragAndDropController | None = None,
        manual: bool = False,
    ) -> None:
        for name in ("get_tree_item", "get_children"):
            if not callable(getattr(provider, name, None)):
                raise InvalidValue("tree_data_provider", f"must have {name}")
        super().__init__()
        self.view_id = view_id
        self._provider = provider
        self._controller = controller
        self._manual = manual
        self._nodes = Nodes()
        self._others: list[Any] = []
        """What its provider says is other now, of which clients were not told yet."""
        self._selection: tuple[T, ...] = ()
        self._expanded = EventEmitter[TreeViewExpansionEvent[T]]()
        self._collapsed = EventEmitter[TreeViewExpansionEvent[T]]()
        self._selected = EventEmitter[TreeViewSelectionChangeEvent[T]]()
        self._active = EventEmitter[TreeViewActiveItemChangeEvent[T]]()
        self._seen = EventEmitter[TreeViewVisibilityChangeEvent]()
        self._checked = EventEmitter[TreeCheckboxChangeEvent[T]]()
        self._views = current_session().get(Views)
        self._undo = [self._views.listen(view_id, self._tell_visible)]
        event: Event[Any] | None = getattr(provider, "on_did_change_tree_data", None)
        if event is not None:
            self._undo.append(event(self._data_changed))
        self.changed()

    def state(self) -> Mapping[str, Any] | None:
        drops = list(getattr(self._controller, "drop_mime_types", ()))
        return {"viewId": self.view_id, "revision": self._nodes.revision, "dropMimeTypes": drops, **self.attributes()}

    # -- what VS Code has

    @property
    def visible(self) -> bool:
        """Whether a client shows it."""
        return self._views.is_shown(self.view_id)

    @property
    def selection(self) -> tuple[T, ...]:
        """The elements that the user has selected."""
        return self._selection

    @property
    def active_item(self) -> T | None:
        """The element that the cursor is at."""
        return self._selection[0] if self._selection else None

    @property
    def on_did_expand_element(self) -> Any:
        """Fires with a `TreeViewExpansionEvent`."""
        return self._expanded.event

    @property
    def on_did_collapse_element(self) -> Any:
        """Fires with a `TreeViewExpansionEvent`."""
        return self._collapsed.event

    @property
    def on_did_change_selection(self) -> Any:
        """Fires with a `TreeViewSelectionChangeEvent`."""
        return self._selected.event

    @property
    def on_did_change_active_item(self) -> Any:
        """Fires with a `TreeViewActiveItemChangeEvent`."""
        return self._active.event

    @property
    def on_did_change_visibility(self) -> Any:
        """Fires with a `TreeViewVisibilityChangeEvent`."""
        return self._seen.event

    @property
    def on_did_change_checkbox_state(self) -> Any:
        """Fires with a `TreeCheckboxChangeEvent`."""
        return self._checked.event

    def reveal(
        self, element: T, *, select: bool = True, focus: bool = False, expand: bool | int = False
    ) -> Thenable[None]:
        """Ask the clients to show an element; the provider's `get_parent` says where it is."""
        if not callable(getattr(self._provider, "get_parent", None)):
            raise RoostError("reveal needs a provider with get_parent(element): write one")
        return thenable(self._reveal(element, select, focus, expand), "TreeView.reveal")

    async def _reveal(self, element: T, select: bool, focus: bool, expand: bool | int) -> None:
        line: list[T] = [element]
        while (parent := await self._asked("get_parent", line[0])) is not None and len(line) < MOST_CHILDREN:
            line.insert(0, parent)
        above: Node | None = None
        path: list[str] = []
        for one in line:
            if self._nodes.of(one) is None:
                await self._children(above)
            found = self._nodes.of(one)
            if found is None:
                raise InvalidValue("element", "is not among the children of its parent; get_children must list it")
            above = found
            path.append(found.handle)
        self._surface.reveal(self, items=path, select=select, focus=focus, expand=int(expand))

    def dispose(self) -> None:
        """The view is empty from now on."""
        for undo in self._undo:
            undo.dispose()
        self._undo.clear()
        super().dispose()

    # -- what clients ask

    async def children(self, handle: str | None) -> list[dict[str, Any]]:
        """What is below an element, or at the top: as clients are told it. Raises what the provider raises."""
        nodes = await self._children(None if handle is None else self._nodes.find(handle))
        return [node.told() async for node in in_turns(nodes)]

    async def _children(self, parent: Node | None) -> list[Node]:
        self._nodes.free(parent)
        found = await self._asked("get_children", *(() if parent is None else (parent.element,)))
        elements = [one for one in found or () if one is not None]
        if len(elements) > MOST_CHILDREN:
            raise InvalidValue("get_children", f"may give {MOST_CHILDREN} elements, and gave {len(elements)}")
        items = [await self._asked("get_tree_item", one) async for one in in_turns(elements)]
        listed = ((one, item) for one, item in zip(elements, items, strict=True) if item is not None)
        return await self._nodes.put(parent, listed)

    async def _asked(self, method: str, *arguments: Any) -> Any:
        """What the provider answers, asked as its extension. Raises `RoostError` where it takes too long."""
        with self._surface.entered(self.extension):
            try:
                async with asyncio.timeout(PROVIDER_S):
                    return await called(getattr(self._provider, method), *arguments)
            except TimeoutError:
                raise RoostError(f"the view '{self.view_id}' took more than {PROVIDER_S:g} s to answer") from None

    async def resolve(self, handle: str) -> dict[str, Any]:
        """An element with what its provider fills in later, such as a tooltip."""
        node = self._nodes.find(handle)
        if callable(getattr(self._provider, "resolve_tree_item", None)):
            item = await self._asked("resolve_tree_item", node.item, node.element, CancellationToken.NONE)
            node.item = item if isinstance(item, TreeItem) else node.item
        return node.told()

    async def run(self, handle: str, chosen: str | None = None) -> Any:
        """The user chose an element: run its command; or a command of its menu, with what VS Code gives it.

        That is the element, and where it is one of several that are selected, all of these.
        """
        node = self._nodes.find(handle)
        if chosen is not None:
            several = len(self._selection) > 1 and any(node is self._nodes.of(one) for one in self._selection)
            selected = list(self._selection) if several else None
            return await current_session().get(Commands).execute_from_menu(chosen, node.element, selected)
        command: Command | None = node.item.command
        if command is None:
            return None
        return await current_session().get(Commands).execute(command.command, *command.arguments or ())

    # -- what clients tell

    def expand(self, handle: str, expanded: bool) -> None:
        """The user opened or closed an element."""
        event = TreeViewExpansionEvent(self._nodes.find(handle).element)
        (self._expanded if expanded else self._collapsed).fire(event)

    def select(self, handles: Iterable[str]) -> None:
        """The user selected these elements, the one at the cursor first."""
        elements = tuple(self._nodes.find(handle).element for handle in handles)
        elements = elements if self.can_select_many else elements[:1]
        if elements != self._selection:
            before, self._selection = self.active_item, elements
            self._selected.fire(TreeViewSelectionChangeEvent(elements))
            if self.active_item is not before:
                self._active.fire(TreeViewActiveItemChangeEvent(self.active_item))

    async def check(self, handle: str, checked: bool) -> list[dict[str, Any]]:
        """The user checked or unchecked an element; gives all that changed with it, as clients are told it.

        Unless the extension does it, what is below goes with it, and what is above follows when all below it agree.
        """
        node = self._nodes.find(handle)
        if node.item.checkbox_state is None:
            raise InvalidValue("item", "has no checkbox")
        state = TreeItemCheckboxState.CHECKED if checked else TreeItemCheckboxState.UNCHECKED
        all = [node] if self._manual else together(node, state)
        changed = [one for one in all if one.item.checkbox_state != state]
        for one in changed:
            one.item.checkbox_state = state
        if changed:
            self._checked.fire(TreeCheckboxChangeEvent([(one.element, state) for one in changed]))
        return [one.told() async for one in in_turns(changed)]

    async def drop(self, handles: Sequence[str], target: str | None) -> None:
        """The user dragged elements to another, or to the empty place below all. Raises what the extension raises."""
        controller, data = self._controller, DataTransfer()
        if controller is None:
            raise InvalidValue("handle", "names a view that takes nothing dragged")
        source = [self._nodes.find(handle).element for handle in handles]
        data.set(f"{INTERNAL}{self.view_id.lower()}", DataTransferItem(source))
        onto = None if target is None else self._nodes.find(target).element
        with self._surface.entered(self.extension):
            for method, arguments in (("handle_drag", (source, data)), ("handle_drop", (onto, data))):
                handle = getattr(controller, method, None)
                if handle is not None:
                    await called(handle, *arguments, CancellationToken.NONE)

    # -- what changes

    def _tell_visible(self, visible: bool) -> None:
        self._seen.fire(TreeViewVisibilityChangeEvent(visible))

    def _data_changed(self, what: Any) -> None:
        """The provider says that elements are others: all for None, alone or in a list; or one, or those of a list."""
        elements = what if isinstance(what, list | tuple) else [what]
        if any(one is None for one in elements):
            self._nodes.free(None)
            self._nodes.revision += 1
            self.changed()
            return
        if not self._others:
            asyncio.get_running_loop().call_soon(self._tell_changed)
        self._others += elements

    def _tell_changed(self) -> None:
        """Tell of all that changed in one turn of the loop at once: each event goes to every client."""
        found = map(self._nodes.of, self._others)
        nodes = {node.handle: node for node in found if node is not None}
        self._others.clear()
        for node in nodes.values():
            self._nodes.free(node)
        if nodes and self._undo:
            self._surface.post(CHANGED, {"handle": self.handle, "items": [*nodes]})


def create_tree_view(
    view_id: str,
    *,
    tree_data_provider: TreeDataProvider[T],
    show_collapse_all: bool = False,
    can_select_many: bool = False,
    drag_and_drop_controller: TreeDragAndDropController | None = None,
    manage_checkbox_state_manually: bool = False,
) -> TreeView[T]:
    """Fill a view with what a provider lists, in place of what filled it before."""
    for other in current_session().get(Surface).all(TreeView):
        if other.view_id == view_id:
            other.dispose()
    view = TreeView(view_id, tree_data_provider, drag_and_drop_controller, manage_checkbox_state_manually)
    view.can_select_many = can_select_many
    view.show_collapse_all = show_collapse_all
    return view


def register_tree_data_provider(view_id: str, tree_data_provider: TreeDataProvider[T]) -> Disposable:
    """Fill a view with what a provider lists, where the extension needs no `TreeView`."""
    view = create_tree_view(view_id, tree_data_provider=tree_data_provider)
    return Disposable(view.dispose)
