"""env: what a user's code may know of where it runs, and how it has a page opened."""

from __future__ import annotations

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue, NoCurrentUser
from shim import Uri
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
