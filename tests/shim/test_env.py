"""env: what a user's code may know of where it runs, and how it has a page opened."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue, NoCurrentUser
from shim import LogLevel, Uri
from shim.address import Address
from shim.clipboard import LONGEST
from shim.env import Environment
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio


async def test_a_user_has_ids_of_their_own(ada: SessionContext, ben: SessionContext) -> None:
    ids = []
    for session in (ada, ben, ada):
        with session.entered():
            assert vscode.env.session_id == session.session_id
            ids.append(vscode.env.machine_id)
    assert ids[0] == ids[2] != ids[1]
    assert "ada" not in ids[0]
    assert len(ids[0]) == 64


def test_the_application_is_named_for_everybody() -> None:
    assert (vscode.env.app_name, vscode.env.language) == ("Roost", "en")
    assert vscode.env.ui_kind is vscode.UIKind.WEB
    assert not hasattr(vscode.env, "no_such_thing")
    with pytest.raises(NoCurrentUser):
        _ = vscode.env.machine_id


@pytest.mark.parametrize(("answer", "opened"), [(True, True), (False, False), (None, False), ("yes", False)])
async def test_a_page_is_opened_by_the_client(ada: SessionContext, answer: object, opened: bool) -> None:
    with ada.entered():
        asked = vscode.env.open_external(Uri.parse("https://example.org/a?b=c d"))
    await eventually(lambda: ada.requests.waiting)
    (request,) = ada.requests.waiting
    assert request.method == "env.openExternal"
    assert request.params == {"uri": "https://example.org/a?b%3Dc%20d"}
    ada.requests.answer(request.id, answer, None)
    assert await asked is opened


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "command:x", "vbscript:x"]
)
async def test_what_could_run_in_the_client_is_not_opened(ada: SessionContext, uri: str) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="schemes http, https, mailto"):
        vscode.env.open_external(Uri.parse(uri))
    assert ada.requests.waiting == []


async def test_a_clipboard_is_its_users_own(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered():
        assert await vscode.env.clipboard.read_text() == ""
        await vscode.env.clipboard.write_text("hers")
        assert await vscode.env.clipboard.read_text() == "hers"
    with ben.entered():
        assert await vscode.env.clipboard.read_text() == ""
        with pytest.raises(InvalidValue, match="at most"):
            await vscode.env.clipboard.write_text("x" * (LONGEST + 1))


@pytest.mark.parametrize(
    ("target", "external"),
    [
        ("http://localhost:3000/a b?q=1#top", "https://host.example/base/preview/3000/a%20b?uid%3Dada%26q%3D1#top"),
        ("http://127.0.0.1/", "https://host.example/base/preview/80/?uid%3Dada"),
        (
            "roost://acme.hello/did-auth?code=1",
            "https://host.example/base/uri/acme.hello/did-auth?uid%3Dada%26code%3D1",
        ),
        ("https://example.org/a", "https://example.org/a"),
        ("file:///a", "file:///a"),
    ],
)
async def test_what_is_here_is_reached_through_the_host(ada: SessionContext, target: str, external: str) -> None:
    ada.get(Address).note("https://host.example/base", "uid=ada")
    with ada.entered():
        assert str(await vscode.env.as_external_uri(Uri.parse(target))) == external


async def test_an_address_is_known_once_a_client_came(ada: SessionContext) -> None:
    with ada.entered():
        asked = vscode.env.open_external(Uri.parse("http://localhost:8080/"))
    await eventually(lambda: ada.get(Address)._known is not None)
    assert ada.requests.waiting == []
    ada.get(Address).note("http://127.0.0.1:3000", "")
    await eventually(lambda: ada.requests.waiting)
    assert ada.requests.waiting[0].params == {"uri": "http://127.0.0.1:3000/preview/8080/"}
    asked.cancel()


async def test_the_log_level_is_its_users_own_and_new_channels_follow_it(
    ada: SessionContext, ben: SessionContext
) -> None:
    heard: list[LogLevel] = []
    with ada.entered():
        vscode.env.on_did_change_log_level(heard.append)
        follower = vscode.window.create_output_channel("follows", log=True)
        own = vscode.window.create_output_channel("has its own", log=True)
        own.set_log_level(LogLevel.ERROR)
        ada.get(Environment).set_level(LogLevel.DEBUG)
        assert vscode.env.log_level == follower.log_level == LogLevel.DEBUG
        assert own.log_level == LogLevel.ERROR
        assert vscode.window.create_output_channel("new", log=True).log_level == LogLevel.DEBUG
    with ben.entered():
        assert vscode.env.log_level == LogLevel.INFO
    assert heard == [LogLevel.DEBUG]


async def test_the_rest_of_env_says_where_one_is(ada: SessionContext) -> None:
    with ada.entered():
        assert vscode.env.remote_name == "roost"
        assert vscode.env.shell.startswith("/")
    assert (vscode.env.uri_scheme, vscode.env.is_new_app_install) == ("roost", False)
    assert (Path(vscode.env.app_root) / "shim").is_dir()


async def test_telemetry_is_off_and_a_senders_data_go_nowhere(ada: SessionContext) -> None:
    sent: list[object] = []

    class Sender:
        def send_event_data(self, event_name: str, data: object = None) -> None:
            sent.append(event_name)

        def send_error_data(self, error: BaseException, data: object = None) -> None:
            sent.append(error)

        def flush(self) -> str:
            return "flushed"

    with ada.entered():
        logger = vscode.env.create_telemetry_logger(Sender())
        assert not (vscode.env.is_telemetry_enabled or logger.is_usage_enabled or logger.is_errors_enabled)
        logger.log_usage("opened", {"secret": 1})
        logger.log_error(ValueError("x"))
        assert (logger.dispose(), logger.dispose(), sent) == ("flushed", None, [])
        with pytest.raises(InvalidValue, match="sender"):
            vscode.env.create_telemetry_logger(object())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "methods",
    [
        {},
        {"send_event_data": print},
        {"send_error_data": print},
        {"send_event_data": True, "send_error_data": print},
        {"send_event_data": print, "send_error_data": print, "flush": True},
    ],
)
def test_a_sender_of_telemetry_has_its_methods(methods: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match="send_event_data and send_error_data"):
        vscode.env.create_telemetry_logger(SimpleNamespace(**methods))
