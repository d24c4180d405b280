"""A task's browser: Chromium in the user's own sandbox, one page, seen by pictures and by what the page logs."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from extensions.coder.devtools import BrowserGone, DevTools
from extensions.coder.fence import Fence
from extensions.coder.running import Commands
from extensions.coder.tool import Image
from shim.proposed import processes
from shim.thenable import thenable

PLACES = (
    "/usr/lib/chromium/chromium",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome-stable",
)
PROGRAM = next((place for place in PLACES if Path(place).is_file()), None)
"""Looked for once, as the module is loaded: sandboxes see the same /usr."""

MISSING = "there is no browser here: the operator can install one (apt-get install chromium)"
SCRIPT = r"""
d=$(mktemp -d) && mkdir -p "$d/cache" || exit 1
printf '%s' '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>' \
  '<dir>/usr/share/fonts</dir><dir>/usr/local/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir>' \
  '</fontconfig>' >"$d/fonts.conf"
export FONTCONFIG_FILE="$d/fonts.conf" XDG_CACHE_HOME="$d/cache" HOME="$d"
exec "$0" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --no-default-browser-check \
  --disable-background-networking --disable-sync --disable-extensions --disable-component-update --mute-audio \
  --hide-scrollbars --user-data-dir="$d/profile" --remote-debugging-pipe ${https_proxy:+--proxy-server="$https_proxy"} \
  about:blank 3<&0 4>&1 </dev/null >/dev/null 2>&1
"""
"""Its own sandbox needs user namespaces, which the user's sandbox takes away: that one is around it instead."""

WIDTH, HEIGHT = 900, 600
LOAD_SECONDS = 15.0
QUIET_SECONDS = 0.5
STREAM_SECONDS = 3.0
LOGS = 100
MOST_LOADING = 1_000
"""Requests of a page that are waited for at once."""

LOG_CHARS = 500
SCROLL = 600
QUALITY = 80
KEYS = MappingProxyType({
    "enter": ("Enter", "Enter", 13, "\r"), "tab": ("Tab", "Tab", 9, ""), "escape": ("Escape", "Escape", 27, ""),
    "backspace": ("Backspace", "Backspace", 8, ""), "delete": ("Delete", "Delete", 46, ""),
    "space": (" ", "Space", 32, " "), "arrowup": ("ArrowUp", "ArrowUp", 38, ""),
    "arrowdown": ("ArrowDown", "ArrowDown", 40, ""), "arrowleft": ("ArrowLeft", "ArrowLeft", 37, ""),
    "arrowright": ("ArrowRight", "ArrowRight", 39, ""), "home": ("Home", "Home", 36, ""), "end": ("End", "End", 35, ""),
    "pageup": ("PageUp", "PageUp", 33, ""), "pagedown": ("PageDown", "PageDown", 34, ""),
})  # fmt: skip
MODIFIERS = MappingProxyType({"alt": 1, "ctrl": 2, "control": 2, "meta": 4, "cmd": 4, "shift": 8})


class Browser:
    """One page. Raises `BrowserGone`, `processes.Failure` or `ValueError`, each with a sentence."""

    def __init__(self) -> None:
        self._tools: DevTools | None = None
        self._logs: deque[str] = deque(maxlen=LOGS)
        self._loading: dict[str, float] = {}
        self.fence = Fence(self._log)
        self._loaded = asyncio.Event()
        self.mouse = (0, 0)
        self.size = (WIDTH, HEIGHT)

    @classmethod
    def of(cls, notes: dict[str, Any]) -> Browser:
        """That of the task whose notes these are; it ends with the task's commands."""
        found: Browser | None = notes.get("browser")
        if found is None:
            found = notes["browser"] = cls()
            Commands.of(notes).at_end(found.close)
        return found

    @property
    def is_open(self) -> bool:
        return self._tools is not None and self._tools.is_open

    async def launch(self, url: str) -> None:
        """Begin anew, with that page."""
        if PROGRAM is None:
            raise BrowserGone(MISSING)
        if not self.is_open:
            await self.close()
            process = await processes.start(["/bin/sh", "-c", SCRIPT, PROGRAM], stdin=True)
            self._tools = DevTools(process, self._heard)
            try:
                await self._begin(self._tools)
            except BaseException:
                await self.close()  # one that has only half begun could not be used, and would never begin anew
                raise
        await self.go(url)

    async def _begin(self, tools: DevTools) -> None:
        target = (await tools.call_browser("Target.createTarget", url="about:blank"))["targetId"]
        attached = await tools.call_browser("Target.attachToTarget", targetId=target, flatten=True)
        tools.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            await tools.call(f"{domain}.enable")
        await tools.call_browser("Browser.setDownloadBehavior", behavior="deny")
        await self.fence.put(tools)
        await self.resize(WIDTH, HEIGHT)

    async def go(self, url: str) -> None:
        """Show an address, and wait until it is there."""
        self._loaded.clear()
        said = await self._call("Page.navigate", url=url)
        if said.get("errorText"):
            raise ValueError(f"{url} cannot be shown: {said['errorText']}")
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is loaded any more, as long as that may take."""
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                await self._loaded.wait()
                calm = 0
                while calm < 2:
                    await asyncio.sleep(QUIET_SECONDS / 2)
                    calm = 0 if self._is_loading() else calm + 1
        except TimeoutError:
            self._logs.append(f"[the page still loads after {LOAD_SECONDS:.0f} s]")

    def _is_loading(self) -> bool:
        """Whether something is; what takes longer than 3 s, as a stream of events does, is not waited for."""
        now = time.monotonic()
        self._loading = {one: since for one, since in self._loading.items() if now - since < STREAM_SECONDS}
        return bool(self._loading)

    async def resize(self, width: int, height: int) -> None:
        self.size = (width, height)
        await self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def move(self, x: int, y: int) -> None:
        self.mouse = (x, y)
        await self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    async def click(self, x: int, y: int) -> None:
        await self.move(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            await self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        await asyncio.sleep(QUIET_SECONDS)
        await self.settle()

    async def type(self, text: str) -> None:
        await self._call("Input.insertText", text=text)
        await asyncio.sleep(QUIET_SECONDS)
        await self.settle()

    async def press(self, keys: str) -> None:
        """A key, perhaps with others held: `Enter`, `ctrl+a`."""
        *held, last = keys.lower().split("+") if keys != "+" else ["+"]
        unknown = [one for one in held if one not in MODIFIERS]
        if unknown or (last not in KEYS and len(last) != 1):
            raise ValueError(f"{keys!r} is no key: write one character, or one of {', '.join(KEYS)}, after ctrl+, …")
        name, code, number, text = KEYS.get(last, (last, "", ord(last.upper()[:1]), "" if held else keys[-1]))
        flags = sum({MODIFIERS[one] for one in held})
        common = {"key": name, "code": code, "windowsVirtualKeyCode": number, "modifiers": flags}
        await self._call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        await self._call("Input.dispatchKeyEvent", type="keyUp", **common)
        await asyncio.sleep(QUIET_SECONDS)
        await self.settle()

    async def scroll(self, by: int) -> None:
        x, y = self.mouse
        await self._call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=by)
        await asyncio.sleep(QUIET_SECONDS)

    async def picture(self, *, whole: bool = False, kind: str = "jpeg") -> Image:
        """What is to be seen now; with `whole`, of the page down to its end, 10,000 pixels at most."""
        more: dict[str, Any] = {"quality": QUALITY} if kind == "jpeg" else {}
        if whole:
            box = (await self._call("Page.getLayoutMetrics"))["cssContentSize"]
            height = min(box["height"], 10_000)
            more |= {"captureBeyondViewport": True}
            more |= {"clip": {"x": 0, "y": 0, "width": self.size[0], "height": height, "scale": 1}}
        data = (await self._call("Page.captureScreenshot", format=kind, **more))["data"]
        return Image(await asyncio.to_thread(base64.b64decode, data), f"image/{kind}")

    async def address(self) -> str:
        """The URL of what is shown."""
        history = await self._call("Page.getNavigationHistory")
        url: str = history["entries"][history["currentIndex"]]["url"]
        return url

    def logs(self) -> list[str]:
        """What the page logged since this was last asked, the newest 100 lines."""
        said = list(self._logs)
        self._logs.clear()
        return said

    async def close(self) -> None:
        """End the browser."""
        tools, self._tools = self._tools, None
        if tools is not None:
            await tools.close()

    async def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        if self._tools is None:
            raise BrowserGone("no browser is open: launch it first")
        return await self._tools.call(method, **parameters)

    def _heard(self, event: str, told: dict[str, Any]) -> None:
        match event:
            case "Runtime.consoleAPICalled":
                words = [_shown(one) for one in told.get("args", [])]
                self._log(told.get("type", "log"), " ".join(words))
            case "Runtime.exceptionThrown":
                details = told.get("exceptionDetails", {})
                self._log("error", details.get("exception", {}).get("description") or details.get("text", ""))
            case "Log.entryAdded":
                entry = told.get("entry", {})
                self._log(entry.get("level", "log"), f"{entry.get('text', '')} {entry.get('url', '')}")
            case "Page.javascriptDialogOpening":
                self._log("dialog", f"{told.get('message', '')} (closed)")
                thenable(self._answer_dialog(), "close a dialog of a page")
            case "Page.windowOpen":
                self._log("popup", f"{told.get('url', '')} (closed: launch it to see it)")
            case "Page.loadEventFired":
                self._loaded.set()
            case "Network.requestWillBeSent":
                if len(self._loading) < MOST_LOADING:
                    self._loading[told.get("requestId", "")] = time.monotonic()
            case "Network.loadingFinished" | "Network.loadingFailed":
                self._loading.pop(told.get("requestId", ""), None)
            case _:
                self.fence.hear(event, told)

    def _log(self, kind: str, text: str) -> None:
        self._logs.append(f"[{kind}] {text.strip()[:LOG_CHARS]}")

    async def _answer_dialog(self) -> None:
        with suppress(BrowserGone, ValueError):  # it is gone already
            await self._call("Page.handleJavaScriptDialog", accept=True)


def _shown(value: dict[str, Any]) -> str:
    """A value that a page logged: texts as they are, all else as JavaScript writes it."""
    if "value" not in value:
        return str(value.get("description", value.get("type", "")))
    return value["value"] if isinstance(value["value"], str) else json.dumps(value["value"])
