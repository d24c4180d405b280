"""What goes to providers and comes from them, by rules of ours: where requests may go, and how long an answer may be.

Apart from line.py, as it needs the HTTP client, which is not loaded before somebody asks a model.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2

from host.providers.faults import Fault
from host.providers.line import GUARDED, OWN, SENT, Bounds, guard


class Bounded(httpx2.AsyncBaseTransport):
    """Guarded requests reach public addresses only, no answer is endless, none is kept in mind by a cookie."""

    def __init__(self, inner: httpx2.AsyncHTTPTransport, bounds: Bounds) -> None:
        self._inner = inner
        self._bounds = bounds

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.headers.pop(GUARDED, None) is not None:
            await guard(request)
        if request.headers.pop(OWN, None) is not None:
            for name in request.headers.keys() - SENT:
                del request.headers[name]
        request.headers["accept-encoding"] = "identity"  # what is packed is as long as its sender likes
        response = await self._inner.handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.stream.aclose()
            raise Fault(f"{request.headers['host']} sends packed answers, which it was asked not to", "Unavailable")
        response.headers.pop("set-cookie", None)  # the jar would be everybody's, and as large as they like
        streams = response.headers.get("content-type", "").startswith("text/event-stream")
        bounds = self._bounds if streams else self._bounds._replace(answer=self._bounds.event)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=Counted(response.stream, bounds),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class Counted(httpx2.AsyncByteStream):
    """An answer that ends where it is longer, or takes longer, than one may."""

    def __init__(self, inner: httpx2.AsyncByteStream, bounds: Bounds) -> None:
        self._inner = inner
        self._bounds = bounds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        count = line = 0
        end = time.monotonic() + self._bounds.answer_s
        async for chunk in self._inner:
            count += len(chunk)
            line = line + len(chunk) if b"\n" not in chunk else len(chunk) - chunk.rfind(b"\n")
            if count > self._bounds.answer or line > self._bounds.event:
                raise httpx2.ReadError("the answer is too long")
            if time.monotonic() > end:
                raise httpx2.ReadTimeout("the answer takes too long")
            yield chunk

    async def aclose(self) -> None:
        _leave_no_rest(self._inner)
        await self._inner.aclose()


def _leave_no_rest(stream: Any) -> None:
    """Use a connection no more that brought bytes after its answer: they would be taken for the next one's, of another.

    The client has no name for this (what comes later it sees itself), so it is looked for where it keeps it.
    """
    for name in ("_httpcore_stream", "_stream", "_connection", "_h11_state"):
        stream = getattr(stream, name, None)
    if stream is not None and stream.trailing_data[0]:
        stream.send_failed()
