"""A webview: a page of an extension's own in the user's window, with messages both ways. `host.webviews` serves it.

Its address is a secret of its user: whoever has it has the webview's files. The page runs in a sandboxed frame.
"""

from __future__ import annotations

import re
import secrets
import weakref
from collections.abc import Mapping, Sequence
from posixpath import normpath
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from sessions.current import current_session
from sessions.errors import InvalidValue
from shim.absent import NotSupported
from shim.events import EventEmitter
from shim.extensions import Extensions
from shim.surface import Piece
from shim.thenable import Thenable, thenable
from shim.uri import Uri, as_uri
from shim.values import Value, as_text, readonly, value

LARGEST_HTML = 4 << 20
"""Characters of a webview's HTML."""

LARGEST_STATE = 256 * 1024
"""Bytes of JSON of what a page keeps by `setState`."""

POSTED = "window.onDidPostWebviewMessage"
"""The event of a message for a page: `{handle, message}`."""

Space: TypeAlias = Literal["user", "extension"]
"""Whose files: the user's, or those that come with the extension on the host's disk."""


@value
class WebviewPortMapping(Value):
    """A port of the webview that stands for one of the extension's machine."""

    webview_port: int
    extension_host_port: int


@readonly
class WebviewPanelOptions(Value):
    """What was said of a panel when it was made."""

    enable_find_widget: bool = False
    retain_context_when_hidden: bool = False


@value
class WebviewOptions(Value):
    """What a webview's page may do. `local_resource_roots`: the folders whose files it may load; by default the
    workspace's and the extension's own."""

    enable_scripts: bool = False
    enable_forms: bool | None = None
    enable_command_uris: bool | Sequence[str] = False
    local_resource_roots: Sequence[Uri] | None = None
    port_mapping: Sequence[WebviewPortMapping] | None = None

    def check(self) -> None:
        if self.port_mapping:
            raise NotSupported("port_mapping", "a page reaches no port; show a server by env.as_external_uri")


class WebviewUri(Uri):
    """A file as a webview's page names it: spelled from where the page is, so that it is right at any address."""

    __slots__ = ()

    def with_(self, **parts: Any) -> Uri:
        changed = super().with_(**parts)
        return changed if changed is self else WebviewUri(*(getattr(changed, name) for name in _PARTS))

    def to_string(self, skip_encoding: bool = False) -> str:
        """`./file/workspace/a.png`."""
        text = f"./file{self.path if skip_encoding else quote(self.path)}"
        return text + (f"?{self.query}" if self.query else "") + (f"#{self.fragment}" if self.fragment else "")


_PARTS = ("scheme", "authority", "path", "query", "fragment")


class Webview(Piece):
    """VS Code's `Webview`. What the frame shows is `html`; a new one loads it anew."""

    __slots__ = ("_html", "_options", "_received", "key", "owner", "page_state", "revision", "uid")

    kind = "webview"

    csp_source = "'self'"
    """For the page's own Content-Security-Policy: where its files come from."""

    def __init__(self, owner: Any, options: WebviewOptions) -> None:
        super().__init__()
        self.owner: Any = weakref.proxy(owner)  # whose part this is
        """The panel or view that it is in: it says whether it is `seen`, and what clients are `told` of it."""
        self.key = secrets.token_urlsafe(32)
        """The secret in its address."""
        self.uid = current_session().uid
        self.revision = 0
        """How often there was another page."""
        self.page_state: Any = None
        """What the page keeps."""
        self._html = ""
        self._options = options
        self._received = EventEmitter[Any]()
        self.changed()

    def dispose(self) -> None:
        super().dispose()
        self._received.dispose()

    @property
    def path(self) -> str:
        """Where the page is, below the host's address."""
        return f"/webview/{quote(self.uid, safe='')}/{self.key}/"

    def state(self) -> Mapping[str, Any] | None:
        told: dict[str, Any] = self.owner.told()
        options = self._options
        return {
            "path": self.path,
            "revision": self.revision,
            "extension": self.extension,
            "scripts": options.enable_scripts,
            "commandUris": options.enable_command_uris,
            **told,
        }

    @property
    def html(self) -> str:
        """The page, as a whole document."""
        return self._html

    @html.setter
    def html(self, html: str) -> None:
        text = as_text(html, "html")
        if len(text) > LARGEST_HTML:
            raise InvalidValue("html", f"may have {LARGEST_HTML} characters; load what is larger as a file")
        if self.disposed:
            raise InvalidValue("html", "the webview is disposed of")
        self._html = text
        self._renew()

    @property
    def options(self) -> WebviewOptions:
        return self._options

    @options.setter
    def options(self, options: WebviewOptions | Mapping[str, Any]) -> None:
        given = WebviewOptions(**options) if isinstance(options, Mapping) else options
        if not isinstance(given, WebviewOptions):
            raise InvalidValue("options", f"must be WebviewOptions, not {type(given).__name__}")
        self._options = given
        self._renew()

    def _renew(self) -> None:
        self.revision += 1
        self.changed()

    @property
    def on_did_receive_message(self) -> Any:
        """Fires with what the page posts: JSON."""
        return self._received.event

    def post_message(self, message: Any) -> Thenable[bool]:
        """Send JSON to the page; whether there was one to take it: a client that shows it, or keeps it hidden."""
        return thenable(self._post(message), "webview.post_message")

    async def _post(self, message: Any) -> bool:
        session = current_session()
        if self.disposed or not session.clients or not self.owner.alive:
            return False
        self._surface.flush()
        session.mailbox.post(POSTED, {"handle": self.handle, "message": message})
        return True

    def as_webview_uri(self, local_resource: Uri) -> Uri:
        """A file as the page may load it, if `options.local_resource_roots` let it."""
        uri = as_uri(local_resource, "local_resource")
        if uri.scheme != "file":
            return uri
        return WebviewUri("https", "webview", uri.path, uri.query, uri.fragment)

    # -- what the host asks and tells

    def received(self, message: Any) -> None:
        """The page posted a message."""
        if not self.disposed:
            self._received.fire(message)

    def keep(self, state: Any) -> None:
        """The page wants this kept."""
        from sessions.values import json_of  # on first need: it brings orjson along

        json_of("state", state, LARGEST_STATE)
        self.page_state = state
        self.owner.state_changed()

    def space_of(self, path: str) -> Space | None:
        """Whose file a path is, if the page may load it: absolute, without `.` and `..`, below one of its roots."""
        if normpath(path) != path or not path.startswith("/") or "\0" in path:
            return None
        own = self.extension_path
        roots = self._options.local_resource_roots
        allowed = [root.path for root in roots] if roots is not None else [current_session().workspace, own or ""]
        if not any(root and is_below(path, root) for root in allowed):
            return None
        return "extension" if own and is_below(path, own) else "user"

    @property
    def extension_path(self) -> str | None:
        """The extension's folder on the host."""
        found = current_session().get(Extensions).get(self.extension or "")
        return found.extension_path if found else None


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder's or lies in it; both are absolute."""
    root = normpath(folder).rstrip("/")
    return path == root or path.startswith(f"{root}/")


NONCES = re.compile(r"""<script\b[^<>]{0,2048}?\snonce\s*=\s*["']?([A-Za-z0-9+/_=-]{1,128})["'\s>]""", re.IGNORECASE)


def nonces(html: str) -> list[str]:
    """The nonces that a page's own scripts carry, 32 different ones at most."""
    found = dict.fromkeys(match[1] for match in NONCES.finditer(html))
    return list(found)[:32]
