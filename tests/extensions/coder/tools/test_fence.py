"""Pages in the agent's browser that want more files than leave was given for, and browsers that say too much."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from extensions.coder import browser as browser_module
from extensions.coder import devtools
from extensions.coder.browser import PROGRAM, Browser
from extensions.coder.devtools import BrowserGone, DevTools
from extensions.coder.fence import MOST_HELD, MOST_POPUPS, Fence
from extensions.coder.running import Commands
from extensions.coder.tool import Action, ToolError
from extensions.coder.tools import browser_action
from extensions.coder.tools.browser_action import TOOL, page_of
from extensions.coder.tools.start_process import TOOL as START
from sessions.context import SessionContext
from tests.extensions.coder.uses import Using, done, planned

pytestmark = pytest.mark.anyio

KEY = "<script>(opener || parent).postMessage('stolen', '*')</script>"
TAKES = "try { importScripts('file:///home/key.js'); postMessage('stolen ' + key) } catch (e) { postMessage('kept') }"
PAGE = f"""<body><script>
onmessage = (event) => console.log(event.data)
const takes = {json.dumps(TAKES)}, blob = (text) => URL.createObjectURL(new Blob([text]))
const hears = (worker) => worker.onmessage = onmessage
hears(new Worker(blob(takes)))
hears(new Worker('data:text/javascript,' + encodeURIComponent(takes)))
hears(new Worker(blob(`new Worker(URL.createObjectURL(new Blob([${{JSON.stringify(takes)}}]))).onmessage =
  (event) => postMessage(event.data)`)))
hears(new Worker(blob("postMessage('a worker works')")))
const frame = document.createElement('iframe')
frame.src = 'http://127.0.0.1:8000/'
frame.onload = () => {{ frame.onload = null; frame.src = 'file:///home/key.html' }}
document.body.append(frame)
open('file:///home/key.html'); open('http://127.0.0.1:8000/')
</script><script src="own.js"></script><link rel="stylesheet" href="own.css">"""


@pytest.mark.skipif(PROGRAM is None, reason=browser_module.MISSING)
async def test_frames_of_other_sites_workers_and_popups_get_no_file_either(ada: SessionContext, use: Using) -> None:
    files = {
        "/workspace/page.html": PAGE, "/workspace/own.js": "console.log('own script')", "/workspace/own.css": "",
        "/home/key.html": KEY, "/home/key.js": "key = 'secret'", "/workspace/site/index.html": "a site",
    }  # fmt: skip
    assert (await (await ada.sandbox()).run(["mkdir", "-p", "/workspace/site"])).exit_code == 0
    for path, text in files.items():
        await ada.files.write(path, text.encode())
    await done(START, use, command="python3 -u -m http.server 8000 --bind 127.0.0.1", cwd="site", wait=10)
    try:
        async with asyncio.timeout(50):
            said = (await done(TOOL, use, action="launch", url="file:///workspace/page.html?a=1#there")).text
            if said.count("kept") < 3:
                said += (await done(TOOL, use, action="screenshot")).text
    finally:
        await Commands.of(use.notes).end()
    assert "The page is file:///workspace/page.html?a=1#there" in said
    assert "stolen" not in said and said.count("[log] kept") == 3
    assert "[refused] file:///home/key.html" in said
    assert "[log] a worker works" in said and "[log] own script" in said
    assert "[popup] http://127.0.0.1:8000/ (closed" in said


async def test_leave_that_is_only_asked_for_opens_no_file_to_the_page_that_is_there(
    use: Using, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_action, "PROGRAM", "/usr/bin/true")
    await planned(TOOL, use, action="launch", url="file:///home/key")
    assert Browser.of(use.notes).fence.may_show is None
    use.unread.add("/workspace/closed.html")
    shows = [
        await browser_action.may_show(use, "file:///workspace/a.html?x", f"file:///{path}")
        for path in ("workspace/a.html#y", "workspace/b.js", "workspace/closed.html", "home/key")
    ]
    assert shows == [True, True, False, False]


@pytest.mark.parametrize(
    "url",
    ["about:version", "about:settings", "ABOUT:gpu", "about://flags", "about:blank/../version", "about:blank#x",
     "java\tscript:alert(1)", "\x01javascript:alert(1)", "da\nta:text/html,x", "view-source\t:file:///etc/passwd"],
)  # fmt: skip
async def test_no_page_of_the_browsers_own_and_no_script_is_launched(
    owner: SessionContext, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(browser_action, "PROGRAM", "/usr/bin/true")
    with pytest.raises(ToolError, match="not shown here"):
        await planned(TOOL, Using(), action="launch", url=url)


@pytest.mark.parametrize(
    ("url", "page"),
    [("https://a.example:1/b?c#d", "https://a.example:1"), ("file:///workspace/a.html?b#c", "file:///workspace/a.html"),
     ("about:blank", "about:blank"), ("data:text/html," + "x" * 9_000, "data:text/html," + "x" * 485)],
)  # fmt: skip
def test_a_page_is_its_site_or_its_file(url: str, page: str) -> None:
    assert page_of(url) == page


async def test_a_step_is_allowed_on_the_page_that_was_there_and_on_no_other(
    owner: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    use, urls = Using(), iter(["http://shop.example/cart", "http://shop.example/pay", "http://evil.example/"])

    async def address(_: Browser) -> str:
        return next(urls)

    monkeypatch.setattr(Browser, "is_open", property(lambda _: True))
    monkeypatch.setattr(Browser, "address", address)
    plans = [await planned(TOOL, use, action="type", text="my password") for _ in range(3)]
    assert plans[0].actions == plans[1].actions == (Action("browser", name="type on http://shop.example"),)
    assert plans[2].actions == (Action("browser", name="type on http://evil.example"),)


class Silent:
    """A browser's process that says what it is given and answers nothing."""

    def __init__(self, says: bytes = b"") -> None:
        self._says = asyncio.StreamReader()
        self._says.feed_data(says)
        self.is_killed = False

    async def read(self) -> bytes:
        return await self._says.read(65_536)

    async def write(self, data: bytes) -> None: ...

    async def kill(self) -> None:
        self.is_killed = True
        self._says.feed_eof()

    def close(self) -> None: ...


async def test_a_browser_that_does_not_begin_is_ended_and_the_next_launch_begins_anew(
    owner: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Silent] = []

    async def start(*_: Any, **__: Any) -> Silent:
        started.append(Silent())
        return started[-1]

    monkeypatch.setattr(devtools, "ANSWER_SECONDS", 0.02)
    monkeypatch.setattr(browser_module, "PROGRAM", "/usr/bin/true")
    monkeypatch.setattr(browser_module.processes, "start", start)
    browser = Browser()
    for _ in range(2):
        with pytest.raises(BrowserGone, match="did not answer"):
            await browser.launch("about:blank")
        assert not browser.is_open
    assert [one.is_killed for one in started] == [True, True]


async def test_a_page_that_logs_without_end_leaves_the_loop_to_others(owner: SessionContext) -> None:
    heard: list[str] = []
    said = json.dumps({"method": "Runtime.consoleAPICalled", "params": {"args": ["x" * 50]}}).encode() + b"\0"
    odd = b'[1]\0"x"\0{"id": []}\0{"method": 5}\0{"method": "Odd", "params": 5}\0' + b"[" * 5_000 + b"\0\xff\0"
    process = Silent(odd + said * 20_000)
    tools = DevTools(process, lambda event, told: heard.append(event))  # type: ignore[arg-type]
    most = 0
    while len(heard) < 20_000:
        before = len(heard)
        await asyncio.sleep(0)
        most = max(most, len(heard) - before)
    await tools.close()
    assert 0 < most < 10_000
    assert heard[0] == "Odd"


class Stuck:
    """A browser that takes every command and ends none, until it is let go."""

    session = "page"

    def __init__(self) -> None:
        self.held = 0
        self.closed: list[str] = []
        self.goes = asyncio.Event()

    async def call_in(self, session: str | None, method: str, **parameters: Any) -> None:
        if method == "Network.enable":
            self.held += 1
            await self.goes.wait()
        if method in ("Target.closeTarget", "Browser.close"):
            self.closed.append(parameters.get("targetId", method))
            await self.goes.wait()

    async def call_browser(self, method: str, **parameters: Any) -> None:
        await self.call_in(None, method, **parameters)


def opens(fence: Fence, workers: int = 0, popups: int = 0) -> None:
    for at in range(workers):
        fence.hear("Target.attachedToTarget", {"sessionId": str(at), "targetInfo": {"type": "worker"}})
    for at in range(popups):
        popup = {"type": "page", "openerId": "page", "targetId": f"popup {at}"}
        fence.hear("Target.targetCreated", {"targetInfo": popup})


async def turns() -> None:
    for _ in range(3 * MOST_POPUPS):
        await asyncio.sleep(0)


async def test_a_page_that_begins_workers_without_end_has_so_many_dealt_with_at_once(owner: SessionContext) -> None:
    fence, stuck = Fence(lambda *_: None), Stuck()
    await fence.put(stuck)  # type: ignore[arg-type]
    opens(fence, workers=3 * MOST_HELD)
    await turns()
    assert stuck.held == MOST_HELD
    opens(fence, popups=3)
    stuck.goes.set()
    await turns()
    assert stuck.closed == ["popup 0", "popup 1", "popup 2"], "however many workers are in hand"
    opens(fence, workers=10)
    await turns()
    assert stuck.held == MOST_HELD + 10, "what came later is dealt with again"


async def test_a_page_that_opens_others_faster_than_they_are_closed_ends_its_browser(owner: SessionContext) -> None:
    said: list[str] = []
    fence, stuck = Fence(lambda _, text: said.append(text)), Stuck()
    await fence.put(stuck)  # type: ignore[arg-type]
    opens(fence, popups=MOST_POPUPS + 2)
    await turns()
    assert stuck.closed == ["Browser.close"] and "the browser is ended" in said[0]
    stuck.goes.set()
    await turns()
    opens(fence, popups=MOST_POPUPS)
    await turns()
    assert len(stuck.closed) == 1 + MOST_POPUPS
