"""A browser, for what a terminal takes in a page of its product. It is never counted as part of that."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import AsyncExitStack

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from benchmarks.peers.place import PATIENCE_S, Missing

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PROMPT = re.compile(r"[$#]\s*$")


class Pages:
    """Pages of one browser, each in a profile of its own, that stay open until `stack` is closed."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._browser: Browser | None = None

    async def open(self, url: str, script: str = "") -> Page:
        """A page at `url`; `script` runs in it before all else. Raises `Missing` where there is no browser."""
        if not CHROMIUM:
            raise Missing("chromium is not installed: apt-get install chromium, or name one in CHROMIUM")
        if self._browser is None:
            playwright = await self._stack.enter_async_context(async_playwright())
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            self._browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = await self._browser.new_page()
        page.set_default_timeout(PATIENCE_S * 1e3)
        await page.add_init_script(script)
        await page.goto(url)
        return page


async def prompt(terminal: Locator) -> None:
    """Wait until a terminal of the page shows its prompt."""
    await expect(terminal).to_contain_text(PROMPT, timeout=PATIENCE_S * 1e3)
