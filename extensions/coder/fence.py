"""What keeps pages from files: each that one wants is judged, workers get none, pages that pages open are closed."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from extensions.coder.devtools import BrowserGone, DevTools
from shim.thenable import thenable

FILES = "file://*"
WAITING = MappingProxyType({"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True})
OWN = ({"type": "worker"}, {"type": "iframe"}, {"exclude": True})
SHARED = ({"type": "shared_worker"}, {"type": "service_worker"}, {"exclude": True})
"""What of a page, and of the browser, does not begin before it is held."""

MOST_HELD = 100
"""Frames and workers that are dealt with at once; what is beyond waits and never begins."""

MOST_POPUPS = 100
"""Popups that wait to be closed; a page that opens more is ended with its browser: they begin at once."""

MOST_ASKED = 1_000
"""Files of a page that wait to be judged; of what is beyond that the page never hears."""


class Fence:
    """Around the pages of one browser. `log` takes a kind and a text, for the model."""

    def __init__(self, log: Callable[[str, str], None]) -> None:
        self.may_show: Callable[[str], Awaitable[bool]] | None = None
        """Whether a page may show a file, by its URL: itself, or in a frame or a picture. None: no file."""
        self._log = log
        self._tools: DevTools | None = None
        self._asked: deque[dict[str, Any]] = deque(maxlen=MOST_ASKED)
        self._is_judging = False
        self._held = 0
        self._popups: deque[str] = deque()
        self._is_closing = False

    async def put(self, tools: DevTools) -> None:
        """Around this browser, whose page is there and empty."""
        self._tools = tools
        self._asked.clear()
        self._popups.clear()
        # Of the whole browser: frames of other sites have processes, and so targets, of their own.
        await tools.call_browser("Fetch.enable", patterns=[{"urlPattern": FILES}])
        await tools.call_browser("Target.setDiscoverTargets", discover=True)
        for session, kinds in ((None, SHARED), (tools.session, OWN)):
            await tools.call_in(session, "Target.setAutoAttach", **WAITING, filter=kinds)

    def hear(self, event: str, told: dict[str, Any]) -> None:
        """Of what the browser tells, what concerns the fence."""
        target = told.get("targetInfo", {})
        match event:
            case "Fetch.requestPaused":
                self._asked.append(told)
                if not self._is_judging:
                    self._is_judging = True
                    thenable(self._judge_all(), "judge files of a page")
            case "Target.attachedToTarget" if target.get("type") != "page":
                self._begin_hold(told.get("sessionId"), target.get("type"))
            case "Target.targetCreated" if target.get("type") == "page" and target.get("openerId"):
                # Nobody would see it, and it would be one more place to load into.
                self._popups.append(str(target.get("targetId")))
                if not self._is_closing:
                    self._is_closing = True
                    thenable(self._close_all(), "close popups of a page")

    def _begin_hold(self, session: str | None, kind: str | None) -> None:
        if self._held < MOST_HELD:
            self._held += 1
            thenable(self._hold(session, kind), "hold a worker of a page").add_done_callback(self._ended)

    def _ended(self, _: object) -> None:
        self._held -= 1

    async def _hold(self, session: str | None, kind: str | None) -> None:
        """A worker asks for scripts past the judge and gets no file at all; a frame may have workers."""
        tools = self._tools
        if tools is None:
            return
        with suppress(BrowserGone, ValueError):  # it is gone already
            if kind != "iframe":
                await tools.call_in(session, "Network.enable")
                await tools.call_in(session, "Network.setBlockedURLs", urls=[FILES])
            await tools.call_in(session, "Target.setAutoAttach", **WAITING, filter=OWN)
            await tools.call_in(session, "Runtime.runIfWaitingForDebugger")

    async def _close_all(self) -> None:
        try:
            while self._popups:
                if len(self._popups) > MOST_POPUPS:
                    self._popups.clear()
                    self._log("refused", f"the page opens more than {MOST_POPUPS} others: the browser is ended")
                    await self._tell("Browser.close")
                    return
                await self._tell("Target.closeTarget", targetId=self._popups.popleft())
        finally:
            self._is_closing = False

    async def _judge_all(self) -> None:
        try:
            while self._asked:
                await self._judge(self._asked.popleft())
        finally:
            self._is_judging = False

    async def _judge(self, told: dict[str, Any]) -> None:
        """Let a page have a file, or not: what it shows is what a model sees."""
        url, number = str(told.get("request", {}).get("url", "")), told.get("requestId")
        if self.may_show is not None and await self.may_show(url):
            await self._tell("Fetch.continueRequest", requestId=number)
            return
        self._log("refused", f"{url} is no file that a page may show: it is closed, or outside of the workspace")
        await self._tell("Fetch.failRequest", requestId=number, errorReason="AccessDenied")

    async def _tell(self, method: str, **parameters: Any) -> None:
        with suppress(BrowserGone, ValueError):  # the page is gone, or another one already
            if self._tools is not None:
                await self._tools.call_browser(method, **parameters)
