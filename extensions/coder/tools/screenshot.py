"""`screenshot`: one picture of a page, for the model or as a file of the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder import changes, files
from extensions.coder.browser import Browser
from extensions.coder.devtools import BrowserGone
from extensions.coder.files import Place
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use
from extensions.coder.tools.browser_action import address, available, may_show, size_of
from shim.proposed import processes

PARAMETERS = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "url": {"type": "string", "description": "http, https or file"},
            "size": {"type": ["string", "null"], "description": "WIDTHxHEIGHT of the window; 900x600 by default"},
            "full_page": {"type": ["boolean", "null"], "description": "The page to its end, not only the window"},
            "path": {"type": ["string", "null"], "description": "A .png file to write, relative to the workspace"},
        },
        "required": ["url"],
        "additionalProperties": False,
    }
)


async def plan(use: Use, arguments: Mapping[str, Any]) -> Plan:
    url, actions = await address(use, arguments["url"])
    size = size_of(arguments["size"]) if arguments.get("size") else None
    place = None
    if arguments.get("path"):
        place = await changes.target(use, arguments, "path")
        changes.check_mode(use, "write_to_file", place)
        if not place.path.lower().endswith(".png"):
            raise ToolError("path: the name of a picture ends in .png, also where it is a link to one")
        actions = (*actions, Action("write", path=place.path))
    whole = bool(arguments.get("full_page"))
    shown = {"url": url, "path": place.path if place else None}
    return Plan(partial(act, use, url, size, whole, place), actions, shown)


async def act(use: Use, url: str, size: tuple[int, int] | None, whole: bool, place: Place | None) -> Result:
    """Take it, in a browser of its own."""
    browser = Browser()
    browser.fence.may_show = partial(may_show, use, url)
    try:
        await browser.launch("about:blank")
        if size is not None:
            await browser.resize(*size)
        await browser.go(url)
        picture = await browser.picture(whole=whole, kind="png")
        logs = browser.logs()
    except (BrowserGone, ValueError, processes.Failure) as error:
        return Result(f"No screenshot: {error}", failed=True)
    finally:
        await browser.close()
    lines = [f"A picture of {url}, {len(picture.data)} bytes."]
    if place is not None:
        await files.check_place(place)
        try:
            await vscode.workspace.fs.write_file(place.uri, picture.data)
        except (vscode.FileSystemError, processes.Failure) as error:
            return Result(f"The picture could not be written to {place.name}: {error}", failed=True)
        lines.append(f"It is in {place.path}.")
    lines += ["The page logged:", *logs] if logs else []
    return Result(
        "\n".join(lines),
        (picture,) if use.sees_images else (),
        shown={"url": url, "path": place.path if place else None},
    )


TOOL = Tool("screenshot", PARAMETERS, plan, available=available)
