"""A real browser before a real host. Screenshots of each test are kept under artifacts/, to be looked at."""

from __future__ import annotations

import json
import os
import re
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.browser import asking, knowing
from tests.client import ROOT, Process, running

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARTIFACTS = ROOT / "artifacts" / "screens"
AXE = ROOT / "host" / "web" / "node_modules" / "axe-core" / "axe.min.js"

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[dev]'")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of the page run in one worker, with one browser; none runs where there is none."""
    missing = None
    if not CHROMIUM:
        missing = "there is no chromium here: apt-get install chromium, or name one in CHROMIUM"
    elif not (ROOT / "host/web/dist/page.html").is_file():
        missing = "the page is not built: make page"
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and missing:
            item.add_marker(pytest.mark.skip(reason=missing))


@pytest.fixture(scope="package")  # its event loop runs until it ends: no other test may be in this process meanwhile
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the single user works on: a small project."""
    place = tmp_path_factory.mktemp("shop")
    (place / "src").mkdir()
    (place / "src" / "billing.py").write_text(BILLING)
    (place / "README.md").write_text("# Shop\n\nA small shop. `pytest` runs its tests.\n")
    (place / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1.0"\n')
    return place


BILLING = '''"""What a cart costs."""

from decimal import Decimal


def total(prices: list[Decimal], discount: Decimal = Decimal(0)) -> Decimal:
    """The sum, less a discount between 0 and 1."""
    whole = sum(prices, Decimal(0))
    return whole * (1 - discount)
'''


@pytest.fixture(scope="session")
def home_of_local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the single user's trash is."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory, workspace: Path, home_of_local: Path) -> Iterator[Process]:
    """The host of one person."""
    data = tmp_path_factory.mktemp("local") / "data"
    folder = tmp_path_factory.mktemp("extensions")
    for extension in (asking, knowing):
        extension.write(folder)
    folders = json.dumps([str(folder)])
    more = {"MULTI_USER": "0", "ROOST_EXTENSIONS__FOLDERS": folders, "HOME": str(home_of_local)}
    with running(data, "--workspace", str(workspace), **more) as started:
        yield started


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report  # type: ignore[return-value]


def end_session(base: str) -> None:
    """What a test has left waiting at a host, such as a question that every page shows, ends with the session."""
    request = urllib.request.Request(f"{base}/api/v1/admin/sessions/local", method="DELETE")
    with suppress(OSError):  # it has none, or is gone, or asks who we are
        urllib.request.urlopen(request, timeout=20).close()


Open = Callable[..., sync_api.Page]


@pytest.fixture
def opened(browser: sync_api.Browser, local: Process, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open a page in a profile of its own; what it complains of in its console fails the test."""
    contexts, complaints, bases = [], [], set[str]()

    def open_page(
        place: str = "", base: str | None = None, before: Callable[..., object] = id, ready: bool = True, **look: object
    ) -> sync_api.Page:
        """The page at `place`, once it can be used: its line is open, or it asks who one is."""
        look.setdefault("viewport", {"width": 1280, "height": 800})
        context = browser.new_context(**look)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: line.type == "error" and complaints.append(line.text))
        before(page)
        bases.add(base or local.base)
        page.goto(f"{base or local.base}/{place}")
        if ready:
            page.locator(".pill.connected, .login").first.wait_for()
        return page

    yield open_page
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    for number, context in enumerate(contexts):
        for page in context.pages[:1]:
            shot(page, f"{name}-{number}" if number else name)
        context.close()
    for base in bases if request.node.stash.get(FAILED, False) else ():
        end_session(base)
    expected = getattr(request.node, "expected_complaints", "(?!)")
    assert [one for one in complaints if not re.search(expected, one)] == []


class Line:
    """What lies between a page and its host: it can be cut, and say things that the host did not."""

    def __init__(self) -> None:
        self.ways: list[sync_api.WebSocketRoute] = []
        self.seq = 0.0
        self.hold = False
        """Whether who connects is cut off at once."""

    def watch(self, page: sync_api.Page) -> None:
        page.route_web_socket(re.compile("/ws"), self._connected)

    def _connected(self, way: sync_api.WebSocketRoute) -> None:
        self.ways.append(way)
        if self.hold:
            way.close(code=4000, reason="held")
            return
        server = way.connect_to_server()
        server.on_message(lambda message: (self._note(message), way.send(message)))
        way.on_message(lambda message: self.heard(way, server, message))

    def heard(self, way: sync_api.WebSocketRoute, server: sync_api.WebSocketRoute, message: str | bytes) -> None:
        """What the page says; it is passed on."""
        server.send(_whole(message))

    def _note(self, message: str | bytes) -> None:
        if isinstance(message, str) and (found := re.search(r'"seq":(\d+)', message)):
            self.seq = max(self.seq, float(found[1]))

    def cut(self) -> None:
        self.ways[-1].close(code=4000, reason="cut")

    def tell(self, type_: str, data: object) -> None:
        """An event as the host would send it, between two of its own."""
        self.seq += 1 / 4096
        params = {"seq": self.seq, "type": type_, "data": data}
        self.ways[-1].send(json.dumps({"jsonrpc": "2.0", "method": "event", "params": params, "uid": "local"}))


def _whole(message: str | bytes) -> str | bytes:
    """The host numbers its events by whole numbers, and is asked for what comes after one of its own."""
    return re.sub(r'("after":\d+)\.\d+', r"\1", message) if isinstance(message, str) else message


def shot(page: sync_api.Page, name: str) -> None:
    """Keep what is seen."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(ARTIFACTS / f"{name[:100]}.png"))


def violations(page: sync_api.Page) -> list[str]:
    """What axe finds that keeps somebody out: rules of serious or critical impact, with where they are broken."""
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"
    )
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')[:160]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
