"""What a webview's page is given before its own first line: the script, run for real, and the policy."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from host.webviews import SCRIPT, _document, content_policy, place_of

NODE = shutil.which("node")

BROWSER = """
const posts = [], heard = [], listeners = {};
const listen = (kind, call) => (listeners[kind] = listeners[kind] || []).push(call);
const parent = { postMessage: (message, origin) => posts.push(message) };
const document = {
  addEventListener: listen, body: { dataset: {} },
  documentElement: { style: { setProperty: (name, value) => heard.push([name, value]) } },
};
const window = { parent, addEventListener: listen };
const link = (href) => ({
  target: { closest: () => ({ href, getAttribute: () => href }) }, preventDefault: () => heard.push("kept " + href),
});
const style = (source) => ({
  source, data: { webviewStyle: { theme: "vscode-dark", variables: { color: "red" } } },
  stopImmediatePropagation: () => heard.push("swallowed"),
});
%s
const api = window.acquireVsCodeApi();
heard.push(api.getState());
api.postMessage({ n: 1 });
heard.push(api.setState("new"), api.getState());
try { window.acquireVsCodeApi(); } catch (error) { heard.push(error.message.slice(0, 27)); }
listeners.message[0](style({}));
listeners.message[0](style(parent));
listeners.message[0]({ source: parent, data: { n: 2 }, stopImmediatePropagation: () => heard.push("BAD") });
listeners.click[0](link("#here"));
listeners.click[0](link("https://example.org/"));
listeners.load[0]();
console.log(JSON.stringify({ posts, heard, theme: document.body.className }));
"""


@pytest.mark.skipif(NODE is None, reason="there is no node here to run a page's script")
def test_a_page_posts_keeps_its_state_and_takes_colours_from_its_own_frame_only() -> None:
    said = subprocess.run(
        [str(NODE), "-"], input=BROWSER % (SCRIPT % '{"at":1}'), capture_output=True, text=True, check=True
    ).stdout
    found: dict[str, Any] = json.loads(said)
    assert found["posts"] == [
        {"webview": "message", "value": {"n": 1}},
        {"webview": "state", "value": "new"},
        {"webview": "open", "value": "https://example.org/"},
        {"webview": "ready", "value": None},
    ]
    assert found["heard"] == [
        {"at": 1},
        "new",
        "new",
        "acquireVsCodeApi may be cal",
        "swallowed",
        ["--color", "red"],
        "kept https://example.org/",
    ]
    assert found["theme"] == "vscode-dark"


@pytest.mark.parametrize(
    ("html", "before"),
    [
        ("<!DOCTYPE html>\n<html>", "<!DOCTYPE html>"),
        ("\ufeff <!-- by us --> <!doctype html><p>", "\ufeff <!-- by us --> <!doctype html>"),
        ("<p>bare", ""),
        ("", ""),
        ("<!-- never ends <!doctype html>", ""),
    ],
)
def test_the_script_stands_before_all_else_but_the_doctype(html: str, before: str) -> None:
    text, _ = _document(html, "once", None)
    assert text.startswith(f'{before}<script nonce="once">')
    assert text.endswith(f"</script>{html[len(before) :]}")


def test_without_scripts_the_page_is_as_it_was_given() -> None:
    assert _document("<script nonce=x>1</script>", None, {"a": 1}) == ("<script nonce=x>1</script>", [])


def test_the_policy_lets_nothing_out_of_the_pages_own_folder() -> None:
    own = "http://127.0.0.1:3000/webview/ada/key/"
    rules = dict(rule.partition(" ")[::2] for rule in content_policy(own, ["n"], forms=True).split("; "))
    assert rules["script-src"] == f"{own} 'wasm-unsafe-eval' 'nonce-n'"
    assert "allow-same-origin" not in rules["sandbox"]
    assert rules["connect-src"] == f"{own} data: blob:"
    assert all("*" not in rule and "'unsafe-eval'" not in rule and "'self'" not in rule
               for name, rule in rules.items() if name != "frame-ancestors")  # fmt: skip


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/webview/ada/" + "k" * 43 + "/", ("ada", "k" * 43, None)),
        ("/webview/ada/" + "k" * 43 + "/file/a b", ("ada", "k" * 43, "/a b")),
        ("/webview/ada/" + "k" * 43, None),
        ("/webview/ada/" + "k" * 42 + "/", None),
        ("/webview/ada/x/" + "k" * 43 + "/", None),
        ("/webview//" + "k" * 43 + "/", None),
        ("/webview/ada/" + "k" * 43 + "/files/a", None),
    ],
)
def test_only_whole_addresses_are_webviews(path: str, found: tuple[str, str, str | None] | None) -> None:
    assert place_of({"type": "http", "path": path}) == found
    assert place_of({"type": "http", "path": f"/base{path}", "root_path": "/base"}) == found
    assert place_of({"type": "websocket", "path": path}) is None
