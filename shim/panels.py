"""`vscode.window.create_webview_panel`: webviews as tabs, and those that come back after the user was away."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue, RoostError
from shim.enums import ViewColumn
from shim.events import Disposable, EventEmitter
from shim.extensions import Extensions
from shim.tab import Tab
from shim.tabs import Tabs
from shim.thenable import called
from shim.types import IconPath, TabInputWebview
from shim.values import ReadOnly, Value, readonly
from shim.webview import Webview, WebviewOptions, WebviewPanelOptions

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from sessions.memento import Memento

log = logging.getLogger("roost.shim")

KEPT = "webviews"
"""Where what may come back is kept, among the user's state."""

MOST = 20
"""Panels of one type that come back."""


@readonly
class WebviewPanelOnDidChangeViewStateEvent(Value):
    """A panel is seen, or not any more, or moved."""

    webview_panel: WebviewPanel


class WebviewPanel:
    """A webview as a tab, until it is closed by the user or disposed of by its extension."""

    __slots__ = (
        "__weakref__",
        "_disposed",
        "_icon",
        "_options",
        "_panels",
        "_seen",
        "_tab",
        "_tabs",
        "_view_type",
        "_viewed",
        "_webview",
    )

    options = ReadOnly[WebviewPanelOptions]()

    def __init__(
        self,
        view_type: str,
        title: str,
        column: int | None,
        preserve_focus: bool,
        page: WebviewOptions,
        options: WebviewPanelOptions,
    ) -> None:
        if not isinstance(view_type, str) or not view_type:
            raise InvalidValue("view_type", "must be a string that is not empty")
        self._view_type = view_type
        self._options = options
        self._tabs = current_session().get(Tabs)
        self._panels = current_session().get(Panels)
        self._disposed = EventEmitter[None]()
        self._viewed = EventEmitter[WebviewPanelOnDidChangeViewStateEvent]()
        self._icon: IconPath | None = None
        self._tab: Tab | None = None
        self._seen: tuple[Any, ...] = ()
        self._webview = Webview(self, page)
        input = TabInputWebview(f"mainThreadWebview-{view_type}")  # the prefix is VS Code's
        try:
            with self._tabs.change():
                self._tab = self._tabs.open(
                    input, title, column, content=lambda: self, preserve_focus=preserve_focus, again=True
                )
        except InvalidValue:  # there is no room for it
            self._webview.dispose()
            raise
        self._tabs.changed.append(self._look)
        self._seen = self._view()
        self._webview.changed()

    # -- what VS Code has: all but its options and events raises once it is disposed of

    def _open(self, what: str) -> Tab:
        if self._tab is None:
            raise InvalidValue(what, "the panel is disposed of; create another one")
        return self._tab

    @property
    def view_type(self) -> str:
        self._open("view_type")
        return self._view_type

    @property
    def webview(self) -> Webview:
        self._open("webview")
        return self._webview

    @property
    def title(self) -> str:
        return self._open("title").label

    @title.setter
    def title(self, title: str) -> None:
        self._tabs.rename(self._open("title"), str(title))
        self._webview.changed()
        self._panels.remember()

    @property
    def icon_path(self) -> IconPath | None:
        self._open("icon_path")
        return self._icon

    @icon_path.setter
    def icon_path(self, icon: IconPath | None) -> None:
        self._open("icon_path")
        self._icon = icon
        self._webview.changed()

    @property
    def view_column(self) -> ViewColumn:
        """Where it is."""
        return self._open("view_column").group.view_column

    @property
    def visible(self) -> bool:
        """Whether its group shows it."""
        return self._open("visible").is_active

    @property
    def active(self) -> bool:
        """Whether it is shown in the group that the user is in."""
        tab = self._open("active")
        return tab.is_active and tab.group.is_active

    @property
    def on_did_dispose(self) -> Any:
        """Fires when it is closed, by whomever."""
        return self._disposed.event

    @property
    def on_did_change_view_state(self) -> Any:
        """Fires with a `WebviewPanelOnDidChangeViewStateEvent`."""
        return self._viewed.event

    def reveal(self, view_column: ViewColumn | None = None, preserve_focus: bool = False) -> None:
        """Show it, in another column if one is named."""
        tab = self._open("reveal")
        with self._tabs.change():
            if view_column not in (None, ViewColumn.ACTIVE, self.view_column):
                self._tabs.move(tab, int(view_column or 0))
            self._tabs.show(tab, preserve_focus)

    def dispose(self) -> None:
        """Close it."""
        if self._tab is not None:
            self._tabs.shut(self._tab)

    # -- what its tab and its webview ask

    @property
    def extension(self) -> str | None:
        """Whose it is."""
        return self._webview.extension

    def closed(self) -> None:
        """Its tab is closed."""
        self._tab = None
        self._tabs.changed.remove(self._look)
        self._webview.dispose()
        self._panels.remove(self, self._view_type)
        self._disposed.fire()

    def _view(self) -> tuple[Any, ...]:
        return (self.visible, self.active, self.view_column) if self._tab else ()

    def _look(self) -> None:
        view = self._view()
        if view and view != self._seen:
            self._seen = view
            self._webview.changed()
            self._viewed.fire(WebviewPanelOnDidChangeViewStateEvent(self))

    @property
    def alive(self) -> bool:
        """Whether a page takes messages."""
        return self._tab is not None and (self._tab.is_active or self.options.retain_context_when_hidden)

    def told(self) -> dict[str, Any]:
        """What clients are told of it beside its webview."""
        return {
            "place": "panel",
            "viewType": self._view_type,
            "title": self._tab.label if self._tab else "",
            "iconPath": self._icon,
            "tab": self._tab.handle if self._tab else None,
            "visible": self._tab is not None and self._tab.is_active,
            "retain": self.options.retain_context_when_hidden,
        }

    def state_changed(self) -> None:
        """Its page keeps something else."""
        self._panels.remember()


class WebviewPanelSerializer(Protocol):
    """What makes a panel work again that was open when the user's session ended."""

    def deserialize_webview_panel(self, webview_panel: WebviewPanel, state: Any) -> object: ...


class Panels:
    """The panels of one user that may come back, and who makes them work again."""

    __slots__ = ("_kept", "_open", "_serializers", "_session")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._open: dict[WebviewPanel, None] = {}
        self._serializers: dict[str, tuple[WebviewPanelSerializer, str | None]] = {}
        self._kept: Memento | None = None

    def add(self, panel: WebviewPanel) -> None:
        self._open[panel] = None
        self.remember()

    @property
    def _ending(self) -> bool:
        """Whether panels are closed as everything ends: what is kept of them is for the next time."""
        return self._session.closing or self._session.get(Extensions).ending

    def remove(self, panel: WebviewPanel, view_type: str) -> None:
        """A panel was closed."""
        if not self._ending:
            self._open.pop(panel, None)
            self.remember(view_type)

    def register(self, view_type: str, serializer: WebviewPanelSerializer) -> Disposable:
        """Let `serializer` bring back the panels of a type."""
        if view_type in self._serializers:
            raise ValueError(f"view type '{view_type}' has a serializer already; dispose of the first one")
        one = self._serializers[view_type] = (serializer, current_extension())
        self._session.start(self._bring_back(view_type, serializer), "bring back webviews", current_extension())
        return Disposable(lambda: self._unregister(view_type, one))

    def _unregister(self, view_type: str, one: tuple[WebviewPanelSerializer, str | None]) -> None:
        if self._serializers.get(view_type) is one:
            del self._serializers[view_type]

    def forget_extension(self, extension: str) -> None:
        """An extension is gone: its panels close, and it brings back none."""
        for panel in [one for one in self._open if one.extension == extension]:
            panel.dispose()
        for view_type, one in list(self._serializers.items()):
            if one[1] == extension:
                del self._serializers[view_type]

    async def close(self) -> None:
        """The session ends: what was open is kept already."""
        self._open.clear()

    async def _bring_back(self, view_type: str, serializer: WebviewPanelSerializer) -> None:
        memento = await self._session.memento(KEPT, "workspace")
        kept = [] if any(panel.view_type == view_type for panel in self._open) else memento.get(view_type, [])
        for one in kept[:MOST]:
            panel = create_webview_panel(view_type, one["title"], one["viewColumn"], enable_scripts=one["scripts"])
            panel.webview.page_state = one["state"]
            try:
                await called(serializer.deserialize_webview_panel, panel, one["state"])
            except Exception:  # the edge of an extension: one panel that cannot come back keeps no other away
                log.warning("a panel of the type %s cannot come back", view_type, exc_info=True)
                panel.dispose()
        self._kept = memento
        self.remember(view_type)

    def remember(self, *view_types: str) -> None:
        """Keep what would have to come back, of the types that can."""
        if self._kept is None or self._ending:
            return
        for view_type in {*(panel.view_type for panel in self._open), *view_types} & self._serializers.keys():
            kept = [_kept(panel) for panel in self._open if panel.view_type == view_type]
            if kept[:MOST] != self._kept.get(view_type, []):
                with suppress(RoostError):  # there is no room: the panels work on, and do not come back
                    self._kept.update(view_type, kept[:MOST])


def _kept(panel: WebviewPanel) -> Mapping[str, Any]:
    scripts = bool(panel.webview.options.enable_scripts)
    column = int(panel.view_column)
    return {"title": panel.title, "viewColumn": column, "scripts": scripts, "state": panel.webview.page_state}


def create_webview_panel(
    view_type: str,
    title: str,
    show_options: ViewColumn | int | Mapping[str, Any] = ViewColumn.ACTIVE,
    *,
    preserve_focus: bool = False,
    retain_context_when_hidden: bool = False,
    enable_find_widget: bool = False,
    **options: Any,
) -> WebviewPanel:
    """A new tab with a page of the extension's own; `options` are those of `WebviewOptions`.

    `show_options` is a column, or `{"view_column", "preserve_focus"}`.
    """
    if isinstance(show_options, Mapping):
        preserve_focus = bool(show_options.get("preserve_focus", preserve_focus))
        column = int(show_options.get("view_column", ViewColumn.ACTIVE))
    else:
        column = int(show_options)
    told = WebviewPanelOptions(enable_find_widget, retain_context_when_hidden)
    panel = WebviewPanel(view_type, title, column, preserve_focus, WebviewOptions(**options), told)
    current_session().get(Panels).add(panel)
    return panel


def register_webview_panel_serializer(view_type: str, serializer: WebviewPanelSerializer) -> Disposable:
    """Bring back, by `serializer.deserialize_webview_panel(panel, state)`, the panels that were open the last time."""
    return current_session().get(Panels).register(view_type, serializer)
