"""`/webview/<uid>/<key>/`: the pages of extensions, for the sandboxed frames of their user's client, and their files.

The page itself needs its user's login. A frame without an origin has no cookies, so its files go by the key alone:
a secret of that user that lives as long as the webview. No page gets more than its Content-Security-Policy says.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from hmac import compare_digest
from pathlib import Path
from posixpath import splitext
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import orjson
from starlette.requests import HTTPConnection
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from host import problems
from host.edge import visit_of
from host.identity import Unidentified, identify
from host.routes import not_known, problem_answer
from sessions.context import SessionContext
from sessions.errors import FileSystemError
from shim.surface import Surface
from shim.webview import Webview, nonces

if TYPE_CHECKING:
    from host.app import Host

PLACE = re.compile(r"/webview/([^/]{1,128})/([A-Za-z0-9_-]{43})/(?:file(/.*))?", re.DOTALL)
CHUNK = 256 * 1024
LARGEST = 64 << 20
"""Bytes of a file that comes with an extension."""

TYPES = {
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".ogg": "audio/ogg",
    ".otf": "font/otf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
"""What a file is, by its extension; all else is bytes. A constant."""

FILE_HEADERS = {
    "Access-Control-Allow-Origin": "*",  # fonts and modules are asked for by a page whose origin is nobody's
    "Cache-Control": "no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of a file: whoever opens it as a page of its own gets one that can do nothing."""

HEAD = re.compile(r"\ufeff?\s*(?:<!--[^>]{0,1000}-->\s*)?<!doctype[^>]{0,1000}>", re.IGNORECASE)

SCRIPT = """
(() => {
  const up = window.parent;
  const post = (kind, value) => up.postMessage({ webview: kind, value }, "*");
  let kept = %s, taken = false;
  window.acquireVsCodeApi = () => {
    if (taken) throw new Error("acquireVsCodeApi may be called once: keep what it returns");
    taken = true;
    return Object.freeze({
      postMessage: (message) => post("message", message),
      setState: (state) => { kept = state; post("state", state); return state; },
      getState: () => kept,
    });
  };
  window.addEventListener("message", (event) => {
    const look = event.source === up && event.data && event.data.webviewStyle;
    if (!look) return;
    event.stopImmediatePropagation();
    for (const [name, value] of Object.entries(look.variables || {}))
      document.documentElement.style.setProperty("--" + name, value);
    document.body.className = look.theme || "";
    document.body.dataset.vscodeThemeKind = look.theme || "";
  });
  document.addEventListener("click", (event) => {
    const link = event.target && event.target.closest && event.target.closest("a[href]");
    if (!link || /^#/.test(link.getAttribute("href"))) return;
    event.preventDefault();
    post("open", link.href);
  });
  window.addEventListener("load", () => post("ready", null));
})();
"""
"""What VS Code gives a page: `acquireVsCodeApi`, its colours, and links that open outside. Posts go to the client's
page as `{webview: "message" | "state" | "open" | "ready", value}`; what that posts to the frame the page hears."""


class Place(NamedTuple):
    """What an address asks for: a page, or with `file` one of its files."""

    uid: str
    key: str
    file: str | None


def place_of(scope: Scope) -> Place | None:
    """The webview, or the file of one, that this request's address names; None where it names none."""
    if scope["type"] != "http":
        return None
    found = PLACE.fullmatch(scope["path"].removeprefix(scope.get("root_path", "")))
    return Place(*found.groups()) if found else None


class Webviews:
    """The webviews of a host, as an ASGI app."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose address `place_of` knows; where it came from was judged before, unless for a file."""
        place = place_of(scope)
        assert place is not None
        try:
            answer = _refused(scope) or await self._admit(place, scope)
            session, webview = self._found(place)
            if answer is None and (session is None or webview is None):
                answer = _missing()
            if answer is None and session is not None and webview is not None:
                # Only now: who has no key may not use up somebody else's rate.
                with self._host.presence(place.uid).answering():
                    answer = await self._answer(place, scope, session, webview)
                    await answer(scope, receive, send)
                    return
        except Unidentified as error:
            answer = problem_answer(not_known(error.status, error.reason), {"WWW-Authenticate": "Bearer"})
        except FileSystemError:
            answer = _missing()
        except Exception as error:  # noqa: BLE001  the edge of a request
            answer = problem_answer(problems.explain(error))
        assert answer is not None
        await answer(scope, receive, send)

    async def _admit(self, place: Place, scope: Scope) -> Response | None:
        """None for who may see the page, and for who names a file: they have the key. Raises `Unidentified`."""
        if place.file is not None:
            return None
        identity = await identify(self._host, HTTPConnection(scope))
        if identity is None:
            raise Unidentified(4401, 401, "a token is needed: the cookie of POST /login")
        return None if identity.uid == place.uid else _missing()

    async def _answer(self, place: Place, scope: Scope, session: SessionContext, webview: Webview) -> Response:
        if place.file is None:
            return await _page(webview, scope)
        with session.entered(webview.extension):
            return await _file(session, webview, place.file)

    def _found(self, place: Place) -> tuple[SessionContext | None, Webview | None]:
        session = self._host.sessions.get(place.uid)
        surface = session.peek(Surface) if session is not None and not session.closing else None
        webviews = surface.all(Webview) if surface is not None else []
        return session, next((one for one in webviews if compare_digest(one.key, place.key)), None)


def _refused(scope: Scope) -> Response | None:
    """What a browser does not ask of a page or its files, answered."""
    if scope["method"] not in ("GET", "HEAD"):
        return problem_answer(not_known(405, "this path takes GET, HEAD"), {"Allow": "GET, HEAD"})
    if any(name == b"service-worker" for name, _ in scope["headers"]):
        return problem_answer(not_known(403, "a webview has no service workers"))
    return None


def _missing() -> Response:
    return problem_answer(not_known(404, "no such webview, or nothing that it may load: its extension says what"))


# -- the page


async def _page(webview: Webview, scope: Scope) -> Response:
    visit = visit_of(scope)
    own = f"{visit.scheme}://{visit.authority}{quote(scope.get('root_path', ''))}{webview.path}"
    scripts, html = webview.options.enable_scripts, webview.html
    nonce = secrets.token_urlsafe(18)
    text, theirs = await asyncio.to_thread(_document, html, nonce if scripts else None, webview.page_state)
    allowed = [nonce, *theirs] if scripts else []
    policy = content_policy(own, allowed, forms=webview.options.enable_forms is not False and scripts)
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
    }
    return Response(text, 200, headers, "text/html")


def content_policy(own: str, nonces: list[str], *, forms: bool) -> str:
    """What the page may do: it has no origin, loads what is its own, and runs what carries one of these nonces."""
    rules = {
        "default-src": "'none'",
        "script-src": " ".join([own, "'wasm-unsafe-eval'", *(f"'nonce-{one}'" for one in nonces)])
        if nonces
        else "'none'",
        "style-src": f"{own} 'unsafe-inline'",
        "img-src": f"{own} data: blob: https:",
        "media-src": f"{own} data: blob:",
        "font-src": f"{own} data:",
        "connect-src": f"{own} data: blob:",
        "worker-src": "blob:",
        "base-uri": own,
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "sandbox": " ".join((["allow-scripts"] if nonces else []) + (["allow-forms"] if forms else [])),
    }
    return "; ".join(f"{name} {rule}".rstrip() for name, rule in rules.items())


def _document(html: str, nonce: str | None, state: object) -> tuple[str, list[str]]:
    """The page with what VS Code gives it put before all else, and the nonces of its own scripts. It blocks."""
    if nonce is None:
        return html, []
    kept = orjson.dumps(state).decode() if state is not None else "undefined"
    for character in "<>&\u2028\u2029":
        kept = kept.replace(character, f"\\u{ord(character):04x}")
    head = HEAD.match(html)
    at = head.end() if head else 0
    return f'{html[:at]}<script nonce="{nonce}">{SCRIPT % kept}</script>{html[at:]}', nonces(html)


# -- its files


async def _file(session: SessionContext, webview: Webview, path: str) -> Response:
    space = webview.space_of(path)
    headers = {**FILE_HEADERS, "Content-Type": TYPES.get(splitext(path)[1].lower(), "application/octet-stream")}
    if space is None:
        return _missing()
    if space == "extension":
        content = await asyncio.to_thread(_read, path, webview.extension_path or "")
        return Response(content, 200, headers) if content is not None else _missing()
    file = await session.files.open(path)
    return StreamingResponse(file.pieces(CHUNK), 200, {**headers, "Content-Length": str(file.size)})


def _read(path: str, folder: str) -> bytes | None:
    """A file that really lies in an extension's folder, whatever links lead to it; None for all else. It blocks."""
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(os.path.realpath(folder)) or not real.is_file() or real.stat().st_size > LARGEST:
        return None
    return real.read_bytes()
