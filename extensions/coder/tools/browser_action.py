"""`browser_action`: look at a page and use it as a person would, with a picture after each step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from extensions.coder import files
from extensions.coder.access import inside
from extensions.coder.browser import MISSING, PROGRAM, SCROLL, Browser
from extensions.coder.devtools import BrowserGone
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use
from shim.proposed import processes

ACTIONS = (
    "launch", "click", "hover", "type", "press", "scroll_down", "scroll_up", "resize", "screenshot", "close",
)  # fmt: skip
PAIR = re.compile(r"\s*(\d{1,5})\s*[,x]\s*(\d{1,5})\s*(?:@\s*(\d{1,5})\s*[,x]\s*(\d{1,5})\s*)?")
SCHEMES = frozenset({"http", "https", "file", "about"})
OF_SCHEME = re.compile(r"[A-Za-z][\w+.-]*:(?!\d+([/?#]|$))")
"""Begins with a scheme, and is no host with its port."""

LONGEST_TEXT = 20_000
LONGEST_PAGE = 500
SAFE = "%/:?@!$&'()*+,;=~"
SMALLEST, LARGEST = 100, 4_000

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "action": {"type": "string", "enum": list(ACTIONS)},
            "url": {"type": ["string", "null"], "description": "For launch: http, https or file"},
            "coordinate": {"type": ["string", "null"], "description": "For click and hover: x,y or x,y@WIDTHxHEIGHT"},
            "size": {"type": ["string", "null"], "description": "For resize: WIDTHxHEIGHT"},
            "text": {"type": ["string", "null"], "description": "For type: the text; for press: Enter, ctrl+a, …"},
        },
        "required": ["action"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    action = str(arguments["action"])
    browser = Browser.of(use.notes)
    if action == "launch":
        url, actions = await address(use, arguments.get("url"))
        return Plan(partial(act, use, "launch", partial(launch, use, browser), url), actions, {"url": url})
    if action == "close":
        return Plan(partial(close, browser), shown={"action": action})
    if not browser.is_open:
        raise ToolError("no browser is open: launch it with a url first")
    step = _step(browser, action, arguments)
    try:
        page = page_of(await browser.address())
    except (BrowserGone, ValueError, processes.Failure) as error:
        raise ToolError(str(error)) from None
    return Plan(partial(act, use, action, *step), (Action("browser", name=f"{action} on {page}"),), dict(arguments))


async def launch(use: Use, browser: Browser, url: str) -> None:
    """Show an address, for which there is leave by now."""
    browser.fence.may_show = partial(may_show, use, url)
    await browser.launch(url)


def page_of(url: str) -> str:
    """What a step is done on, for who allows it: a site or a file. A page that went elsewhere meanwhile is another."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else without_query(url)[:LONGEST_PAGE]


def _step(browser: Browser, action: str, arguments: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is to be called, and with what. Raises `ToolError`."""
    match action:
        case "click":
            return browser.click, *point(browser, arguments.get("coordinate"))
        case "hover":
            return browser.move, *point(browser, arguments.get("coordinate"))
        case "type" | "press":
            text = arguments.get("text")
            if not text or len(text) > LONGEST_TEXT:
                raise ToolError(f"text: needed for {action}, up to {LONGEST_TEXT} characters")
            return (browser.type if action == "type" else browser.press), text
        case "scroll_down" | "scroll_up":
            return browser.scroll, SCROLL if action == "scroll_down" else -SCROLL
        case "resize":
            return browser.resize, *size_of(arguments.get("size"))
    return (browser.settle,)


async def act(use: Use, action: str, step: Any, *values: Any) -> Result:
    """Do it, and see what has become of the page."""
    browser = Browser.of(use.notes)
    try:
        await step(*values)
        return await seen(use, browser, f"Did {action}.")
    except (BrowserGone, ValueError, processes.Failure) as error:
        said = "\n".join(browser.logs())
        return Result(f"{action} failed: {error}" + (f"\nThe page logged:\n{said}" if said else ""), failed=True)


async def seen(use: Use, browser: Browser, did: str) -> Result:
    """The page as it is now, as words and, for a model that sees, as a picture."""
    url, logs = await browser.address(), browser.logs()
    width, height = browser.size
    lines = [f"{did} The page is {url}, {width}x{height}; the mouse is at {browser.mouse[0]},{browser.mouse[1]}."]
    lines += ["The page logged:", *logs] if logs else ["The page logged nothing new."]
    images = (await browser.picture(),) if use.sees_images else ()
    return Result("\n".join(lines), images, shown={"url": url})


async def close(browser: Browser) -> Result:
    """End the browser."""
    await browser.close()
    return Result("The browser is closed.")


async def address(use: Use, url: Any) -> tuple[str, tuple[Action, ...]]:
    """The address as the browser gets it, and what leave it takes. Raises `ToolError` of one that is not shown here.

    That of a file is written anew: a browser reads `\\` as `/`, and follows links.
    """
    if PROGRAM is None:
        raise ToolError(MISSING)
    if not isinstance(url, str) or not url.strip():
        raise ToolError("url: needed; write http://…, https://… or file:///workspace/…")
    given = "".join(one for one in url.strip() if one.isprintable())  # a browser leaves out what people do not see
    whole: str = given if "://" in given or OF_SCHEME.match(given) else f"http://{given}"
    try:
        parts = urlsplit(whole)
    except ValueError as error:
        raise ToolError(f"url: {error}; write http://…, https://… or file:///workspace/…") from None
    if parts.scheme not in SCHEMES or (parts.scheme == "about" and whole.lower() != "about:blank"):
        raise ToolError(f"url: the scheme {parts.scheme!r} is not shown here; write http, https or file")
    if parts.scheme != "file":
        return whole, (Action("browser", name=whole),)
    if parts.netloc not in ("", "localhost"):
        raise ToolError(f"url: a file is on no other machine; write file:///… without {parts.netloc!r}")
    place = await files.locate(use, unquote(parts.path).replace("\\", "/"), "url")
    led = f"file://{quote(place.path)}"
    more = "".join(f"{mark}{quote(part, SAFE)}" for mark, part in (("?", parts.query), ("#", parts.fragment)) if part)
    return led + more, (Action("browser", name=led + more), Action("read", place.path))


async def may_show(use: Use, launched: str, url: str) -> bool:
    """Whether a page may show a file: the one that leave was given for, or what is read unasked of the workspace."""
    if without_query(url) == without_query(launched):
        return True
    try:
        place = await files.locate(use, unquote(urlsplit(url).path).replace("\\", "/"), "url")
    except (ToolError, ValueError):
        return False
    return inside(use.cwd, place.path) is not None and use.may_read(place.path)


def without_query(url: str) -> str:
    return re.split("[?#]", url, maxsplit=1)[0]


def point(browser: Browser, given: Any) -> tuple[int, int]:
    """`x,y`, or `x,y@WxH` as seen on a picture of another size. Raises `ToolError`."""
    match = PAIR.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise ToolError("coordinate: write x,y in pixels of the picture, or x,y@WIDTHxHEIGHT")
    x, y = int(match[1]), int(match[2])
    width, height = browser.size
    if match[3] and int(match[3]) and int(match[4]):
        x, y = round(x * width / int(match[3])), round(y * height / int(match[4]))
    if x >= width or y >= height:
        raise ToolError(f"coordinate: {x},{y} is beyond the page's {width}x{height}; scroll, or resize")
    return x, y


def size_of(given: Any) -> tuple[int, int]:
    """`WxH`. Raises `ToolError`."""
    match = PAIR.fullmatch(given) if isinstance(given, str) else None
    if match is None or match[3] or not all(SMALLEST <= int(one) <= LARGEST for one in (match[1], match[2])):
        raise ToolError(f"size: write WIDTHxHEIGHT, each from {SMALLEST} to {LARGEST}")
    return int(match[1]), int(match[2])


def available() -> bool:
    """Whether there is a browser."""
    return PROGRAM is not None


TOOL = Tool("browser_action", PARAMETERS, plan, available=available)
