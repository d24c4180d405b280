"""`browser_action` and `screenshot`: a page of the user's own dev server is seen and used, in their sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from extensions.coder import browser as browser_module
from extensions.coder.browser import PROGRAM, Browser
from extensions.coder.running import Commands
from extensions.coder.tool import Action, Result, ToolError
from extensions.coder.tools import browser_action
from extensions.coder.tools.browser_action import TOOL, point, size_of
from extensions.coder.tools.screenshot import TOOL as SCREENSHOT
from extensions.coder.tools.start_process import TOOL as START
from sessions.context import SessionContext
from tests.extensions.coder.uses import Using, done, planned

pytestmark = pytest.mark.anyio

needs_browser = pytest.mark.skipif(PROGRAM is None, reason=browser_module.MISSING)
JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n"
PAGE = """<!DOCTYPE html><title>Shop</title><body style="margin:0">
<button id=b style="position:absolute;left:100px;top:100px;width:200px;height:100px"
  onclick="console.log('clicked at', event.clientX, event.clientY); alert('sure?')">Buy</button>
<input id=i style="position:absolute;left:100px;top:300px;width:200px" oninput="console.log('typed', this.value)"
  onkeydown="if (event.key == 'Enter') console.warn('sent', this.value)">
<a href="/next.html" style="position:absolute;left:500px;top:100px;font-size:60px">go</a>
<div style="height:3000px" onmousemove="window.moved = 1"></div>
<script>addEventListener('scroll', () => console.log('scrolled', scrollY > 0)); undefinedFunction()</script>
"""


@pytest.fixture
async def shop(ada: SessionContext, use: Using) -> AsyncIterator[Using]:
    """A task whose user has a dev server running on port 8000 of their sandbox."""
    script = f"mkdir site && cat > site/index.html <<'X'\n{PAGE}\nX\necho '<h1>next</h1>' > site/next.html"
    assert (await (await ada.sandbox()).run(["bash", "-c", script])).exit_code == 0
    started = await done(START, use, command="python3 -u -m http.server 8000 --bind 127.0.0.1", cwd="site", wait=10)
    assert "Serving HTTP" in started.text
    yield use
    await Commands.of(use.notes).end()


async def step(use: Using, action: str, **arguments: Any) -> Result:
    async with asyncio.timeout(50):
        return await done(TOOL, use, action=action, **arguments)


@needs_browser
async def test_a_page_of_the_users_own_server_is_seen_and_used(shop: Using) -> None:
    launched = await step(shop, "launch", url="localhost:8000/")
    assert "The page is http://localhost:8000/, 900x600" in launched.text
    assert "undefinedFunction is not defined" in launched.text
    assert launched.images[0].data.startswith(JPEG) and launched.images[0].mime == "image/jpeg"
    clicked = await step(shop, "click", coordinate="400,300@1800x1200")
    assert "[log] clicked at 200 150" in clicked.text and "[dialog] sure? (closed)" in clicked.text
    assert "the mouse is at 200,150" in clicked.text
    await step(shop, "click", coordinate="150,310")
    assert "[log] typed Grüße" in (await step(shop, "type", text="Grüße")).text
    assert "[warning] sent Grüße" in (await step(shop, "press", text="Enter")).text
    assert "[log] typed x" in (await step(shop, "press", text="ctrl+a")).text or (
        "[log] typed x" in (await step(shop, "press", text="x")).text
    )
    assert "[log] scrolled true" in (await step(shop, "scroll_down")).text
    await step(shop, "scroll_up")
    assert "600x400" in (await step(shop, "resize", size="600x400")).text
    moved = await step(shop, "click", coordinate="530,130")
    assert "The page is http://localhost:8000/next.html" in moved.text
    assert (await step(shop, "close")).text == "The browser is closed."
    with pytest.raises(ToolError, match="launch it"):
        await planned(TOOL, shop, action="click", coordinate="1,1")


@needs_browser
async def test_a_page_shows_no_file_that_the_agent_may_not_read(ada: SessionContext) -> None:
    page = (
        "<script>console.log('here')</script><script src=ok.js></script><script src=/workspace/secret/key.js></script>"
        "<script src=/home/key.js></script><script src=link.js></script><iframe src=/home/key.html></iframe>"
    )
    lay = (
        f'mkdir -p secret; echo "{page}" > a.html; ln -s /home/key.js link.js; '
        "echo \"console.log('ok')\" > ok.js; echo \"console.log('stolen')\" | tee secret/key.js /home/key.js; "
        "echo \"<script>console.log('stolen')</script>\" > /home/key.html"
    )
    assert (await (await ada.sandbox()).run(["bash", "-c", lay])).exit_code == 0
    use = Using(ignore="secret/")
    try:
        seen = (await step(use, "launch", url="file:///workspace/a.html")).text
        assert "here" in seen and "[log] ok" in seen and "stolen" not in seen
        assert seen.count("[refused]") == 4
        assert "stolen" in (await step(use, "launch", url="file:///home/key.html")).text, "leave was given for this one"
    finally:
        await Commands.of(use.notes).end()


@needs_browser
async def test_it_ends_with_the_task_and_leaves_nothing(ada: SessionContext, shop: Using) -> None:
    await step(shop, "launch", url="http://localhost:8000/next.html")
    await Commands.of(shop.notes).end()
    assert not Browser.of(shop.notes).is_open
    said = await (await ada.sandbox()).run(
        ["bash", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '[c]hromium'"]
    )
    assert said.output == b"0\n"


@needs_browser
async def test_a_page_that_is_not_there_is_told(use: Using) -> None:
    result = await step(use, "launch", url="http://localhost:9/")
    assert result.failed and "cannot be shown: net::ERR" in result.text
    await step(use, "close")


@needs_browser
async def test_a_screenshot_is_kept_with_leave(ada: SessionContext, shop: Using) -> None:
    arguments = {"url": "http://localhost:8000/", "path": "out/shop.png", "size": "500x300", "full_page": True}
    plan = await planned(SCREENSHOT, shop, **arguments)
    assert plan.actions == (
        Action("browser", name="http://localhost:8000/"),
        Action("write", path="/workspace/out/shop.png"),
    )
    result = await plan.act()
    assert "It is in /workspace/out/shop.png." in result.text
    stored = await ada.files.read("/workspace/out/shop.png")
    assert stored.startswith(PNG) and stored == result.images[0].data
    width, height = int.from_bytes(stored[16:20]), int.from_bytes(stored[20:24])
    assert width == 500 and height >= 3000


@needs_browser
async def test_a_model_that_sees_nothing_gets_words_only(shop: Using) -> None:
    shop.sees_images = False
    result = await step(shop, "launch", url="http://localhost:8000/next.html")
    assert result.images == () and "next.html" in result.text


async def test_without_a_browser_the_tools_are_not_offered(use: Using, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_action, "PROGRAM", None)
    for tool in (TOOL, SCREENSHOT):
        assert tool.available is not None and not tool.available()
    with pytest.raises(ToolError, match="apt-get install chromium"):
        await planned(TOOL, use, action="launch", url="http://localhost/")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"action": "launch"}, "url: needed"),
        ({"action": "launch", "url": "javascript://x"}, "not shown here"),
        ({"action": "launch", "url": "chrome://version"}, "not shown here"),
        ({"action": "launch", "url": "view-source://x"}, "not shown here"),
        ({"action": "launch", "url": "file:///workspace/./secret.txt"}, "kept from you by .rooignore"),
        ({"action": "launch", "url": "file:///workspace/%73ecret.txt"}, "kept from you by .rooignore"),
        ({"action": "click", "coordinate": "1,1"}, "no browser is open"),
    ],
)
async def test_what_may_not_be_is_refused_before_anybody_is_asked(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], why: str
) -> None:
    monkeypatch.setattr(browser_action, "PROGRAM", "/usr/bin/chromium")
    with pytest.raises(ToolError, match=why):
        await planned(TOOL, Using(ignore="secret.txt\n"), **arguments)


@pytest.mark.parametrize(
    ("given", "found"),
    [("10,20", (10, 20)), ("10x20", (10, 20)), (" 899 , 599 ", (899, 599)), ("450,300@900x600", (450, 300)),
     ("100,100@1800x1200", (50, 50)), ("900,1", None), ("1,600", None), ("-1,2", None), ("1", None), (None, None)],
)  # fmt: skip
def test_points_are_read_in_pixels_of_the_picture(given: str | None, found: tuple[int, int] | None) -> None:
    if found is None:
        with pytest.raises(ToolError, match="coordinate: "):
            point(Browser(), given)
    else:
        assert point(Browser(), given) == found


@pytest.mark.parametrize("given", ["99x500", "5000x500", "500", "500x500@1x1", None])
def test_sizes_are_bounded(given: str | None) -> None:
    assert size_of("640x480") == (640, 480)
    with pytest.raises(ToolError, match="size: "):
        size_of(given)


def test_the_prompts_name_what_may_be_given() -> None:
    folder = Path(__file__).parents[4] / "extensions/coder/prompts/tools"
    for tool in (TOOL, SCREENSHOT):
        text = (folder / f"{tool.name}.md").read_text()
        assert all(f"`{name}`" in text for name in tool.parameters["properties"])


async def test_a_picture_through_a_link_is_judged_by_where_the_link_leads(
    ada: SessionContext, use: Using, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_action, "PROGRAM", "/usr/bin/true")
    links = "ln -s AGENTS.md a.png; ln -s /home/b.png b.png; mkdir d; ln -s d l"
    await (await ada.sandbox()).run(["bash", "-c", links])
    with pytest.raises(ToolError, match=r"ends in \.png, also where it is a link to one"):
        await planned(SCREENSHOT, use, url="about:blank", path="a.png")
    led = await planned(SCREENSHOT, use, url="about:blank", path="b.png")
    assert led.actions[1:] == (Action("write", "/home/b.png"),)
    assert (await planned(SCREENSHOT, use, url="about:blank", path="l/x.png")).actions[1].path == "/workspace/d/x.png"


@pytest.mark.parametrize(
    "url",
    [
        "file:///workspace/secret/key", "FILE:///workspace/x\\..\\secret\\key", "file:///workspace/%73ecret/key",
        "file://localhost/workspace/link", "file:///workspace/sec\tret/key", "file:///workspace/./x/../secret/key",
        "file:///workspace/secret%5Ckey",
    ],
)  # fmt: skip
async def test_a_file_that_is_closed_is_not_shown_in_any_spelling(
    ada: SessionContext, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr(browser_action, "PROGRAM", "/usr/bin/true")
    await (await ada.sandbox()).run(["bash", "-c", "mkdir -p secret x; touch secret/key; ln -s secret/key link"])
    with pytest.raises(ToolError, match="kept from you"):
        await planned(TOOL, Using(ignore="secret/"), action="launch", url=url)


async def test_a_file_outside_of_the_workspace_takes_the_leave_that_reading_it_takes(
    use: Using, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_action, "PROGRAM", "/usr/bin/true")
    plan = await planned(TOOL, use, action="launch", url="file:///home/a b.html")
    assert plan.actions == (Action("browser", name="file:///home/a%20b.html"), Action("read", "/home/a b.html"))
    with pytest.raises(ToolError, match="on no other machine"):
        await planned(TOOL, use, action="launch", url="file://elsewhere/workspace/a")
