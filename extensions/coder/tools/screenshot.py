"""`screenshot`: one picture of a page, for the model or as a file of the workspace."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import shim as vscode
from extensions.coder.browser import Browser
from extensions.coder.devtools import BrowserGone
from extensions.coder.tool import Action, Plan, Result, Tool, ToolError, Use
from extensions.coder.tools.browser_action import available, checked_url, size_of
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
    url = checked_url(use, arguments["url"])
    size = size_of(arguments["size"]) if arguments.get("size") else None
    actions, path = [Action("browser", name=url)], None
    if arguments.get("path"):
        path = posixpath.normpath(posixpath.join(use.cwd, arguments["path"]))
        if not path.lower().endswith(".png"):
            raise ToolError("path: the name of a picture ends in .png")
        if not use.access.can_read(path):
            raise ToolError(f"path: .rooignore keeps {path} from you")
        actions.append(Action("write", path=path))
    whole = bool(arguments.get("full_page"))
    return Plan(partial(act, use, url, size, whole, path), tuple(actions), {"url": url, "path": path})


async def act(use: Use, url: str, size: tuple[int, int] | None, whole: bool, path: str | None) -> Result:
    """Take it, in a browser of its own."""
    browser = Browser()
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
    if path is not None:
        try:
            await vscode.workspace.fs.write_file(vscode.Uri.file(path), picture.data)
        except (vscode.FileSystemError, processes.Failure) as error:
            return Result(f"The picture could not be written to {path}: {error}", failed=True)
        lines.append(f"It is in {path}.")
    lines += ["The page logged:", *logs] if logs else []
    return Result("\n".join(lines), (picture,) if use.sees_images else (), shown={"url": url, "path": path})


TOOL = Tool("screenshot", PARAMETERS, plan, available=available)
