"""Walk: an extension's page reaches its user's browser and nobody else's, and can do no more than it is let."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, Refused, connect, running
from tests.people import extension
from tests.raw import Answer, fetch
from tests.tokens import GUARDED, bearer

pytestmark = pytest.mark.anyio

MANIFEST = """
activation_events = ["onUri", "onCommand:viewer.open", "onCommand:viewer.heard"]
[[contributes.views.explorer]]
id = "viewer.side"
name = "Side"
type = "webview"
[[contributes.views.explorer]]
id = "viewer.broken"
name = "Broken"
type = "webview"
"""

CODE = """
import shim as vscode

heard = []

class Side:
    def resolve_webview_view(self, view, context, token):
        view.webview.html = "<p>side"
        view.webview.on_did_receive_message(heard.append)

class Broken:
    def resolve_webview_view(self, view, context, token):
        raise RuntimeError("out of order")

class Links:
    def handle_uri(self, uri):
        heard.append(str(uri))

def activate(context):
    panels = []

    async def open(html, roots=None, scripts=True):
        given = None if roots is None else [vscode.Uri.file(root) for root in roots]
        panel = vscode.window.create_webview_panel(
            "page", "Page", vscode.ViewColumn.ONE, enable_scripts=scripts, local_resource_roots=given
        )
        icon = vscode.Uri.join_path(context.extension_uri, "media", "icon.svg")
        panel.webview.html = html.replace("ICON", str(panel.webview.as_webview_uri(icon)))
        panel.webview.on_did_receive_message(heard.append)
        panels.append(panel)
        return context.extension_path

    async def post(message):
        return await panels[-1].webview.post_message(message)

    context.subscriptions += [
        vscode.commands.register_command("viewer.open", open),
        vscode.commands.register_command("viewer.post", post),
        vscode.commands.register_command("viewer.close", lambda: panels.pop().dispose()),
        vscode.commands.register_command("viewer.heard", lambda: list(heard)),
        vscode.window.register_webview_view_provider("viewer.side", Side()),
        vscode.window.register_webview_view_provider("viewer.broken", Broken()),
        vscode.window.register_uri_handler(Links()),
    ]
"""

ICON = '<svg xmlns="http://www.w3.org/2000/svg"/>'


def installed(folder: Path) -> dict[str, str]:
    """The extension above on a disk, and the setting that names it."""
    place = extension(folder / "extensions", "viewer", MANIFEST, extension=CODE)
    (place / "media").mkdir()
    (place / "media" / "icon.svg").write_text(ICON)
    (folder / "secret.txt").write_text("the operator's")
    (place / "media" / "out.txt").symlink_to(folder / "secret.txt")
    return {"ROOST_EXTENSIONS__FOLDERS": f'["{place}"]'}


@pytest.fixture(scope="module")
def viewers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A host with the extension, without authentication."""
    folder = tmp_path_factory.mktemp("viewers")
    with running(folder / "data", **installed(folder)) as process:
        yield process.base


async def run(client: Client, command: str, *arguments: object) -> Any:
    return await client.call("commands.executeCommand", command=f"viewer.{command}", arguments=list(arguments))


async def webview(client: Client, place: str = "panel") -> dict[str, Any]:
    """What the client is told of the newest webview in a place, with its handle."""
    async with asyncio.timeout(20):
        while True:
            pieces = (await client.call("window.surface"))["pieces"]
            found = [one for one in pieces if one["kind"] == "webview" and one["state"]["place"] == place]
            if found:
                return {**found[-1]["state"], "handle": found[-1]["handle"]}
            await asyncio.sleep(0.01)


async def heard(client: Client) -> list[Any]:
    """What the extension heard, once it heard something."""
    async with asyncio.timeout(20):
        while True:
            if said := await run(client, "heard"):
                return list(said)
            await asyncio.sleep(0.01)


def policy(answer: Answer) -> dict[str, str]:
    rules = (rule.strip().partition(" ") for rule in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in rules}


async def test_a_page_is_served_in_a_sandbox_with_nonces(viewers: str, alice: str) -> None:
    async with connect(viewers, alice) as client:
        html = '<!doctype html><html><head></head><body><script nonce="mine">1</script><img src="ICON"></body></html>'
        await run(client, "open", html)
        page = await webview(client)
        answer = await fetch(viewers, f"{page['path']}?uid={alice}")
        assert (answer.status, answer.kind) == (200, "text/html")
        text, rules = answer.body.decode(), policy(answer)
        own = f"{viewers}{page['path']}"
        assert rules["sandbox"] == "allow-scripts allow-forms"
        assert rules["default-src"] == rules["form-action"] == "'none'"
        assert rules["frame-ancestors"] == "'self'"
        assert own in rules["script-src"].split()
        assert "'nonce-mine'" in rules["script-src"]
        assert "unsafe-inline" not in rules["script-src"]
        assert "'self'" not in rules["script-src"]
        assert rules["connect-src"].startswith(own)
        ours = text.partition('<!doctype html><script nonce="')[2].partition('"')[0]
        assert f"'nonce-{ours}'" in rules["script-src"]
        assert "acquireVsCodeApi" in text
        again = await fetch(viewers, f"{page['path']}?uid={alice}")
        assert f"'nonce-{ours}'" not in policy(again)["script-src"]
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_page_without_scripts_runs_none(viewers: str, alice: str) -> None:
    async with connect(viewers, alice) as client:
        await run(client, "open", '<script nonce="mine">1</script>', None, False)
        page = await webview(client)
        answer = await fetch(viewers, f"{page['path']}?uid={alice}")
        assert (policy(answer)["sandbox"], policy(answer)["script-src"]) == ("", "'none'")
        assert "acquireVsCodeApi" not in answer.body.decode()


async def test_another_user_cannot_reach_a_page_even_with_its_address(viewers: str, alice: str, bob: str) -> None:
    async with connect(viewers, alice) as one, connect(viewers, bob) as other:
        await run(one, "open", "<p>secret")
        await run(other, "open", "<p>bob's")
        page, his = await webview(one), await webview(other)
        key = page["path"].split("/")[3]
        for path in (
            f"{page['path']}?uid={bob}",
            f"/webview/{bob}/{key}/?uid={bob}",
            f"/webview/{bob}/{key}/file/workspace/a.txt",
            f"/webview/{alice}/{'A' * 43}/?uid={alice}",
            f"/webview/nobody/{key}/?uid=nobody",
        ):
            answer = await fetch(viewers, path)
            assert (answer.status, answer.kind) == (404, "application/problem+json"), path
            assert b"secret" not in answer.body
        assert (await fetch(viewers, page["path"])).status == 400
        assert (await fetch(viewers, f"{his['path']}?uid={bob}")).status == 200
        for method, more in (("postMessage", {"message": 1}), ("setState", {"state": 1})):
            with pytest.raises(Refused, match="of this user"):
                await other.call(f"window.webview.{method}", handle="999", **more)
        assert (await other.call("window.surface"))["pieces"][0]["state"]["groups"][0]["tabs"][0]["label"] == "Page"
        assert key not in str(other.heard)


async def test_with_tokens_a_page_needs_its_users_own(tmp_path: Path, alice: str, bob: str) -> None:
    with running(tmp_path / "data", **GUARDED, **installed(tmp_path)) as process:
        headers = bearer(alice)
        async with connect(process.base, None, "", additional_headers=headers) as client:
            client.uid = alice
            await run(client, "open", "<p>secret")
            page = await webview(client)
            assert (await fetch(process.base, page["path"])).status == 401
            assert (await fetch(process.base, page["path"], **bearer(bob))).status == 404
            cookie = {"Cookie": "roost_session=" + headers["Authorization"].removeprefix("Bearer ")}
            assert (await fetch(process.base, page["path"], **cookie)).status == 200
            icon = f"{page['path']}file{await run(client, 'open', '')}/media/icon.svg"
            assert (await fetch(process.base, icon)).body == ICON.encode()


async def test_a_page_loads_files_of_its_roots_and_of_its_extension(viewers: str, alice: str) -> None:
    async with connect(viewers, alice) as client:
        for path in ("/workspace/a b.js", "/home/private.txt"):
            await client.call("workspace.fs.writeFile", uri=path, content=f"it is {path}")
        folder = await run(client, "open", "<img src='ICON'>")
        page = await webview(client)
        at = page["path"] + "file"
        answer = await fetch(viewers, f"{at}/workspace/a%20b.js", Origin="null")
        assert (answer.status, answer.kind, answer.body) == (200, "text/javascript", b"it is /workspace/a b.js")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        icon = await fetch(viewers, f"{at}{folder}/media/icon.svg")
        assert (icon.status, icon.kind, icon.body) == (200, "image/svg+xml", ICON.encode())
        assert f"./file{folder}/media/icon.svg" in (await fetch(viewers, f"{page['path']}?uid={alice}")).body.decode()
        for wrong in (
            "/home/private.txt",
            "/workspace/../home/private.txt",
            "/workspace/%2e%2e/home/private.txt",
            "/workspace//a%20b.js",
            "/workspace/none.js",
            "/workspace",
            f"{folder}/media/out.txt",
            f"{folder}/media/../../../secret.txt",
            f"{os.path.dirname(os.path.dirname(folder))}/secret.txt",
            "/etc/passwd",
            "/",
        ):
            assert (await fetch(viewers, at + wrong)).status in (404, 409), wrong
        await run(client, "open", "<p>", ["/home"])
        page = await webview(client)
        assert (await fetch(viewers, f"{page['path']}file/home/private.txt")).status == 200
        assert (await fetch(viewers, f"{page['path']}file/workspace/a%20b.js")).status == 404


async def test_files_only_answer_as_files(viewers: str, alice: str) -> None:
    async with connect(viewers, alice) as client:
        await client.call("workspace.fs.writeFile", uri="/workspace/a.js", content="1")
        await run(client, "open", "<p>")
        at = (await webview(client))["path"] + "file/workspace/a.js"
        assert (await fetch(viewers, at, method="POST")).status == 405
        assert (await fetch(viewers, at, Service_Worker="script")).status == 403
        head = await fetch(viewers, at, method="HEAD")
        assert (head.status, head.body) == (200, b"")
        await run(client, "close")
        assert (await fetch(viewers, at)).status == 404


async def test_who_has_no_key_does_not_use_up_somebody_elses_requests(tmp_path: Path, alice: str) -> None:
    few = {"ROOST_QUOTAS__REQUESTS_PER_SECOND": "5"}
    with running(tmp_path / "data", **few, **installed(tmp_path)) as process:
        async with connect(process.base, alice) as client:
            await run(client, "open", "<p>")
            page = await webview(client)
            guesses = [f"/webview/{alice}/{'A' * 43}/file/workspace/{number}" for number in range(40)]
            assert {(await fetch(process.base, guess)).status for guess in guesses} == {404}
            assert (await fetch(process.base, f"{page['path']}?uid={alice}")).status == 200
            own = [fetch(process.base, f"{page['path']}file/workspace/{number}") for number in range(120)]
            assert 429 in {answer.status for answer in await asyncio.gather(*own)}


async def test_messages_and_state_go_between_page_and_extension(viewers: str, alice: str, bob: str) -> None:
    async with connect(viewers, alice) as client, connect(viewers, bob) as other:
        await client.call("session.open")
        await other.call("session.open")
        await run(client, "open", "<p>")
        page = await webview(client)
        assert await run(client, "post", {"n": 1}) is True
        while (event := (await client.next())["params"])["type"] != "window.onDidPostWebviewMessage":
            pass
        assert event["data"] == {"handle": page["handle"], "message": {"n": 1}}
        await client.call("window.webview.postMessage", handle=page["handle"], message=["to", {"you": None}])
        assert await heard(client) == [["to", {"you": None}]]
        state = {"text": "</script><script>alert(1)</script>\u2028"}
        await client.call("window.webview.setState", handle=page["handle"], state=state)
        text = (await fetch(viewers, f"{page['path']}?uid={alice}")).body.decode()
        assert "</script><script>alert" not in text
        assert '"text":"\\u003c/script\\u003e\\u003cscript\\u003ealert(1)\\u003c/script\\u003e\\u2028"' in text
        with pytest.raises(Refused, match="state"):
            await client.call("window.webview.setState", handle=page["handle"], state="x" * 300_000)
        await other.call("session.ping")
        assert page["path"] not in str(other.heard)


async def test_a_view_wakes_its_extension_and_a_broken_one_is_a_sentence(viewers: str, alice: str) -> None:
    async with connect(viewers, alice) as client:
        await client.call("window.views.show", viewId="viewer.side")
        view = await webview(client, "view")
        assert (view["viewType"], view["visible"]) == ("viewer.side", True)
        answer = await fetch(viewers, f"{view['path']}?uid={alice}")
        assert answer.body.decode().endswith("<p>side")
        with pytest.raises(Refused, match="cannot be shown: RuntimeError: out of order"):
            await client.call("window.views.show", viewId="viewer.broken")
        async with connect(viewers, alice) as other:
            await client.call("window.views.hide", viewId="viewer.side")
            assert not (await webview(other, "view"))["visible"]


async def test_tabs_are_the_clients_to_close_and_to_move(viewers: str, alice: str) -> None:
    async with connect(viewers, alice) as client:
        await run(client, "open", "<p>")
        await run(client, "open", "<p>")
        tab = (await webview(client))["tab"]
        await client.call("window.tabs.move", tab=tab, viewColumn=2)
        await client.call("window.tabs.pin", tab=tab)
        pieces = (await client.call("window.surface"))["pieces"]
        (layout,) = [one["state"] for one in pieces if one["kind"] == "tabGroups"]
        assert [[one["isPinned"] for one in group["tabs"]] for group in layout["groups"]] == [[False], [True]]
        await client.call("window.tabs.activate", tab=layout["groups"][0]["tabs"][0]["handle"])
        await client.call("window.tabs.close", tab=tab)
        with pytest.raises(Refused, match="names no open tab of this user"):
            await client.call("window.tabs.close", tab=tab)


async def test_a_link_of_the_client_comes_to_its_extension(viewers: str, alice: str) -> None:
    async with connect(viewers, alice) as client:
        link = "roost://acme.viewer/did-auth?code%3D7"
        assert await client.call("window.openUri", uri=link) == {"taken": True}
        assert await heard(client) == [link]
        assert await client.call("window.openUri", uri="roost://acme.absent/x") == {"taken": False}
        with pytest.raises(Refused, match="must lead to an extension"):
            await client.call("window.openUri", uri="javascript:alert(1)")


@pytest.mark.parametrize(("answer", "opened"), [("Open", True), (None, False)])
async def test_a_link_from_elsewhere_is_opened_if_the_user_says_so(
    viewers: str, alice: str, bob: str, answer: str | None, opened: bool
) -> None:
    async with connect(viewers, alice) as client, connect(viewers, bob) as other:
        await client.call("session.open")
        await other.call("session.open")
        page = await fetch(viewers, f"/uri/acme.viewer/did-auth?uid={alice}&code=s3cret")
        assert (page.status, page.kind) == (200, "text/html")
        asked = await client.next("window.showMessage")
        assert asked["params"]["modal"] is True
        assert asked["params"]["message"] == "Let the extension 'acme.viewer' open this link?"
        assert "s3cret" not in str(asked)
        assert await run(client, "heard") == []
        await client.send({"jsonrpc": "2.0", "id": asked["id"], "uid": alice, "result": answer})
        if opened:
            assert await heard(client) == ["roost://acme.viewer/did-auth?code%3Ds3cret"]
        else:
            await client.call("window.openUri", uri="roost://acme.viewer/later")
            assert await heard(client) == ["roost://acme.viewer/later"]
        assert await run(other, "heard") == []
        assert [one for one in other.heard if one.get("method") == "window.showMessage"] == []


async def test_links_that_lead_nowhere_or_pile_up_are_refused(viewers: str, alice: str) -> None:
    assert (await fetch(viewers, f"/uri/acme.absent/x?uid={alice}")).status == 404
    assert (await fetch(viewers, f"/uri/acme.viewer/x?uid={alice}", method="POST")).status == 405
    assert (await fetch(viewers, "/uri/acme.viewer/x")).status == 400
    statuses = [(await fetch(viewers, f"/uri/acme.viewer/x?uid={alice}")).status for _ in range(10)]
    assert statuses == [200] * 8 + [429] * 2
