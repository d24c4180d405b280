"""The page's text and its bundle, as they go out."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from host import page
from tests.hosted import hosted

pytestmark = pytest.mark.anyio


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of one script."""
    place = tmp_path / "dist"
    (place / "assets").mkdir(parents=True)
    (place / "page.html").write_text(
        '<meta nonce="{nonce}" content="{about}"><script src="assets/main-A1.js"></script>'
    )
    (place / "assets" / "main-A1.js").write_text("plain")
    (place / "assets" / "main-A1.js.gz").write_bytes(gzip.compress(b"packed"))
    monkeypatch.setattr(page.Page.__init__, "__defaults__", (place,))
    return place


async def test_the_page_carries_a_nonce_of_its_own_and_lets_no_other_style_or_script_in(
    dist: Path, tmp_path: Path
) -> None:
    async with hosted(tmp_path / "data") as (_, user):
        answers = [await user("alice").get("/") for _ in range(2)]
    nonces = [re.findall(r'nonce="([^"]+)"', one.text)[0] for one in answers]
    assert nonces[0] != nonces[1]
    for nonce, answer in zip(nonces, answers, strict=True):
        rules = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
        assert rules["script-src"] == "'self'"
        assert rules["style-src"] == f"'self' 'nonce-{nonce}'"
        assert rules["default-src"] == rules["frame-ancestors"] == "'none'"
        assert answer.headers["cache-control"] == "no-store"
        assert "&quot;login&quot;:&quot;token&quot;" in answer.text


@pytest.mark.parametrize(
    ("accepted", "encoding"), [("gzip, br", "gzip"), ("identity", None), ("gzip;q=0", None), ("br", None)]
)
async def test_a_part_of_the_bundle_goes_out_packed_as_the_client_takes_it(
    dist: Path, tmp_path: Path, accepted: str, encoding: str | None
) -> None:
    async with hosted(tmp_path / "data") as (_, user):
        answer = await user("alice").get("/assets/main-A1.js", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("content-encoding") == encoding
    assert answer.text == ("packed" if encoding else "plain")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/javascript")


async def test_every_part_that_was_built_has_a_name_that_is_served() -> None:
    built = [one.name for one in (page.DIST / "assets").glob("*") if one.suffix not in (".gz", ".br")]
    if not built:
        pytest.skip("the page is not built: make page")
    served = [page.asset_of({"type": "http", "path": f"/assets/{name}"}) for name in built]
    assert served == built


@pytest.mark.parametrize("path", ["/assets/../page.html", "/assets/main-A1.js.gz", "/assets/none-B2.js", "/page.html"])
async def test_nothing_but_the_bundles_parts_is_served(dist: Path, tmp_path: Path, path: str) -> None:
    async with hosted(tmp_path / "data") as (_, user):
        assert (await user("alice").get(path)).status_code == 404


async def test_a_host_without_a_bundle_says_how_to_make_one_and_serves_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page.Page.__init__, "__defaults__", (tmp_path / "none",))
    async with hosted(tmp_path / "data") as (_, user):
        answer = await user("alice").get("/")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "make page" in answer.text
        assert (await user("alice").get("/api/v1/me")).json()["uid"] == "alice"


async def test_the_page_takes_no_other_method(dist: Path, tmp_path: Path) -> None:
    async with hosted(tmp_path / "data") as (_, user):
        answer = await user("alice").post("/")
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_me_says_who_asks_and_what_they_may(tmp_path: Path) -> None:
    async with hosted(tmp_path / "data") as (_, user):
        mine = (await user("root", scope="admin").get("/api/v1/me")).json()
    assert (mine["uid"], mine["scopes"], mine["multiUser"]) == ("root", ["admin"], True)
    assert mine["expires"] > 1_700_000_000


async def test_extensions_are_listed_with_what_they_contribute(tmp_path: Path) -> None:
    folder = Path(__file__).resolve().parents[2] / "examples"
    async with hosted(tmp_path / "data", extensions={"folders": [str(folder)]}) as (_, user):
        listed = (await user("alice").get("/api/v1/extensions")).json()["extensions"]
    hello = next(one for one in listed if one["id"].endswith(".hello"))
    assert any(one["command"] == "hello.countWords" for one in hello["contributes"]["commands"])
    assert hello["disabled"] is False


async def test_a_base_path_that_is_typed_without_its_last_slash_leads_to_the_page(dist: Path, tmp_path: Path) -> None:
    async with hosted(tmp_path / "data", server={"base_path": "/code"}) as (_, user):
        ada = user("ada")
        sent = await ada.get("/code")
        assert (sent.status_code, sent.headers["location"]) == (307, "/code/")
        assert "main-A1.js" in (await ada.get("/code", follow_redirects=True)).text
        assert (await ada.get("/codex")).status_code == 404
    async with hosted(tmp_path / "plain") as (_, user):
        assert (await user("ada").get("/code")).status_code == 404


async def test_who_is_led_to_a_place_that_is_not_there_sees_a_page_with_the_way_home(tmp_path: Path) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with hosted(tmp_path / "data", server={"base_path": "/code"}) as (_, user):
        ada = user("ada")
        shown = await ada.get("/code/nowhere?<b>", headers=browser)
        assert (shown.status_code, shown.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert '<a href="/code/">' in shown.text and "nowhere" not in shown.text
        for told in (
            await ada.get("/code/nowhere"),
            await ada.get("/code/api/v1/nowhere", headers=browser),
            await ada.post("/code/nowhere", headers=browser),
        ):
            assert (told.status_code, told.headers["content-type"]) == (404, "application/problem+json")
