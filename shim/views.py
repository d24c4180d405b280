"""`vscode.window.register_webview_view_provider`: webviews in the side bar, made when a client first shows them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue
from shim.cancellation import CancellationToken
from shim.commands import Commands
from shim.events import Disposable, EventEmitter
from shim.surface import Surface
from shim.thenable import called
from shim.values import Value, readonly
from shim.webview import Webview, WebviewOptions

if TYPE_CHECKING:
    from sessions.context import SessionContext

MOST_SHOWN = 200
"""Views that clients show at once."""


@readonly
class ViewBadge(Value):
    """A number on a view's icon, and what it means."""

    value: int
    tooltip: str


@readonly
class WebviewViewResolveContext(Value):
    """What a view's page had kept when it was there before."""

    state: Any


class WebviewView:
    """A webview in a view, as long as a provider has it."""

    __slots__ = (
        "__weakref__", "_badge", "_description", "_disposed", "_retain", "_seen", "_title", "view_type", "visible",
        "webview",
    )  # fmt: skip

    def __init__(self, view_type: str, retain: bool) -> None:
        self.view_type = view_type
        self.visible = False
        """Whether a client shows it."""
        self._retain = retain
        self._title: str | None = None
        self._description: str | None = None
        self._badge: ViewBadge | None = None
        self._disposed = EventEmitter[None]()
        self._seen = EventEmitter[None]()
        self.webview = Webview(self, WebviewOptions())

    @property
    def title(self) -> str | None:
        """Another title than the manifest's."""
        return self._title

    @title.setter
    def title(self, title: str | None) -> None:
        self._title = title
        self.webview.changed()

    @property
    def description(self) -> str | None:
        """What stands beside the title."""
        return self._description

    @description.setter
    def description(self, description: str | None) -> None:
        self._description = description
        self.webview.changed()

    @property
    def badge(self) -> ViewBadge | None:
        """A number on its icon."""
        return self._badge

    @badge.setter
    def badge(self, badge: ViewBadge | None) -> None:
        self._badge = badge
        self.webview.changed()

    @property
    def on_did_dispose(self) -> Any:
        """Fires when it is there no more."""
        return self._disposed.event

    @property
    def on_did_change_visibility(self) -> Any:
        """Fires when it is shown or hidden: see `visible`."""
        return self._seen.event

    def show(self, preserve_focus: bool = False) -> None:
        """Ask the clients to show it."""
        current_session().get(Surface).reveal(self.webview, preserveFocus=preserve_focus)

    # -- what its webview asks, and clients tell

    @property
    def alive(self) -> bool:
        """Whether a page takes messages."""
        return self.visible or self._retain

    def told(self) -> dict[str, Any]:
        """What clients are told of it beside its webview."""
        return {
            "place": "view",
            "viewType": self.view_type,
            "title": self._title,
            "description": self._description,
            "badge": self._badge,
            "visible": self.visible,
            "retain": self._retain,
        }

    def state_changed(self) -> None:
        """What its page keeps lives as long as it."""

    def set_visible(self, visible: bool) -> None:
        """A client shows it, or none does any more."""
        if visible != self.visible:
            self.visible = visible
            self.webview.changed()
            self._seen.fire()

    def dispose(self) -> None:
        """It is there no more."""
        if not self.webview.disposed:
            self.webview.dispose()
            self._disposed.fire()


class WebviewViewProvider(Protocol):
    """What fills a view with a page."""

    def resolve_webview_view(
        self, webview_view: WebviewView, context: WebviewViewResolveContext, token: CancellationToken
    ) -> object: ...


class _Registered:
    """A provider, whose it is, and the view that it has filled."""

    __slots__ = ("extension", "provider", "retain", "view")

    def __init__(self, provider: WebviewViewProvider, retain: bool) -> None:
        self.provider = provider
        self.extension = current_extension()
        self.retain = retain
        self.view: WebviewView | None = None


async def _nobody(view_id: str) -> None:
    """No loader of extensions: nobody wakes for a view."""


class Views:
    """The views of one user: who fills them, and which the clients show."""

    __slots__ = ("_heard", "_registered", "_session", "_shown", "wake")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._registered: dict[str, _Registered] = {}
        self._shown: dict[str, set[object]] = {}
        self._heard: dict[str, list[Callable[[bool], None]]] = {}
        self.wake: Callable[[str], Awaitable[None]] = _nobody
        """Called with the id of a view that a client shows: wakes the extensions that have it."""

    def register(self, view_id: str, provider: WebviewViewProvider, retain: bool) -> Disposable:
        """Let `provider` fill a view. Raises `ValueError` where somebody does already."""
        if not callable(getattr(provider, "resolve_webview_view", None)):
            raise InvalidValue("provider", "must have resolve_webview_view(webview_view, context, token)")
        if view_id in self._registered:
            raise ValueError(f"view '{view_id}' has a provider already; dispose of the first one")
        one = self._registered[view_id] = _Registered(provider, retain)
        focus = self._session.get(Commands).register(f"{view_id}.focus", lambda *_: self._focus(view_id))
        if self._shown.get(view_id):
            self._session.start(self._resolve(view_id, one), f"show the view {view_id}", one.extension)
        return Disposable(lambda: self._unregister(view_id, one, focus))

    def _unregister(self, view_id: str, one: _Registered, focus: Disposable) -> None:
        focus.dispose()
        if self._registered.get(view_id) is one:
            del self._registered[view_id]
        if one.view is not None:
            one.view.dispose()

    def forget_extension(self, extension: str) -> None:
        """An extension is gone: nobody fills its views."""
        for view_id, one in list(self._registered.items()):
            if one.extension == extension:
                self._unregister(view_id, one, Disposable(None))

    def _focus(self, view_id: str) -> None:
        """VS Code's command `<view>.focus`."""
        self._session.mailbox.post("window.onDidReveal", {"kind": "view", "viewType": view_id})

    def is_shown(self, view_id: str) -> bool:
        """Whether a client shows a view."""
        return bool(self._shown.get(view_id))

    def listen(self, view_id: str, heard: Callable[[bool], None]) -> Disposable:
        """Call `heard` with whether a view is shown, each time that this changes."""
        self._heard.setdefault(view_id, []).append(heard)
        return Disposable(lambda: self._heard[view_id].remove(heard))

    def _tell(self, view_id: str, shown: bool) -> None:
        for heard in list(self._heard.get(view_id, ())):
            heard(shown)

    def is_new(self, client: object) -> bool:
        """Whether a client shows no view so far: then it is to `leave`, too."""
        return not any(client in clients for clients in self._shown.values())

    async def show(self, view_id: str, client: object) -> None:
        """A client shows a view: wake and ask who fills it. Raises what they raise."""
        if view_id not in self._shown and len(self._shown) >= MOST_SHOWN:
            raise InvalidValue("viewId", f"{MOST_SHOWN} views are shown already; hide some first")
        was_shown = self.is_shown(view_id)
        self._shown.setdefault(view_id, set()).add(client)
        if not was_shown:
            self._tell(view_id, True)
        await self.wake(view_id)
        one = self._registered.get(view_id)
        if one is not None and client in self._shown.get(view_id, ()):
            await self._resolve(view_id, one)

    async def _resolve(self, view_id: str, one: _Registered) -> None:
        if one.view is not None:
            one.view.set_visible(True)
            return
        with self._session.entered(one.extension):
            view = one.view = WebviewView(view_id, one.retain)
            view.visible = True
            try:
                context = WebviewViewResolveContext(None)
                await called(one.provider.resolve_webview_view, view, context, CancellationToken.NONE)
            except BaseException:
                one.view = None
                view.dispose()
                raise

    def hide(self, view_id: str, client: object) -> None:
        """A client shows a view no more."""
        clients = self._shown.get(view_id, set())
        clients.discard(client)
        if not clients and self._shown.pop(view_id, None) is not None:
            self._tell(view_id, False)
            one = self._registered.get(view_id)
            if one is not None and one.view is not None:
                one.view.set_visible(False)

    def leave(self, client: object) -> None:
        """A client went."""
        for view_id in list(self._shown):
            self.hide(view_id, client)


def register_webview_view_provider(
    view_id: str, provider: WebviewViewProvider, *, retain_context_when_hidden: bool = False
) -> Disposable:
    """Let `provider.resolve_webview_view(view, context, token)` fill a view once a client shows it."""
    return current_session().get(Views).register(view_id, provider, retain_context_when_hidden)
