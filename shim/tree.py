"""What an extension gives a tree view, and what it hears of it: providers and events. The view is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from shim.enums import TreeItemCheckboxState
from shim.values import Value, readonly

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class TreeDataProvider(Protocol[T_contra]):
    """What lists the elements of a view. It may also have `get_parent(element)`, for `reveal`, the event
    `on_did_change_tree_data`, and `resolve_tree_item(item, element, token)`."""

    def get_tree_item(self, element: T_contra) -> Any: ...

    def get_children(self, element: T_contra | None = None) -> Any: ...


class TreeDragAndDropController(Protocol):
    """What is done with elements that the user drags: `handle_drag(source, data, token)` and `handle_drop(target, data,
    token)`, both optional."""

    drop_mime_types: Sequence[str]
    drag_mime_types: Sequence[str]


@readonly
class TreeViewExpansionEvent(Value, Generic[T]):
    """An element was opened, or closed."""

    element: T


@readonly
class TreeViewSelectionChangeEvent(Value, Generic[T]):
    """Other elements are selected."""

    selection: Sequence[T]


@readonly
class TreeViewActiveItemChangeEvent(Value, Generic[T]):
    """The cursor is at another element."""

    active_item: T | None


@readonly
class TreeViewVisibilityChangeEvent(Value):
    """A view is shown, or not any more."""

    visible: bool


@readonly
class TreeCheckboxChangeEvent(Value, Generic[T]):
    """Elements were checked or unchecked: pairs of an element and its state."""

    items: Sequence[tuple[T, TreeItemCheckboxState]]
