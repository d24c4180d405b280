"""Diagnostic collections: each extension's own, all of one user's together, and nobody else's."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.errors import InvalidValue
from shim import problems
from shim.problems import Disposed, Problems
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

A, B = vscode.Uri.file("/workspace/a.py"), vscode.Uri.file("/workspace/b.py")


def wrong(message: str) -> vscode.Diagnostic:
    return vscode.Diagnostic(vscode.Range(0, 0, 0, 1), message)


def messages(found: Any) -> list[str]:
    return [one.message for one in found]


async def events(session: SessionContext, type_: str) -> list[Any]:
    await eventually(lambda: session.mailbox.seq)
    batch = await anext(session.mailbox.follow(0))
    return [orjson.loads(event.data_json) for event in batch if event.type == type_]


async def test_what_several_collections_say_of_a_file_is_there_together(ada: SessionContext) -> None:
    with ada.entered():
        one, other = (vscode.languages.create_diagnostic_collection(name) for name in ("one", "other"))
        one.set(A, [wrong("first"), wrong("second")])
        other.set(A, [wrong("third")])
        other.set(B, [wrong("fourth")])
        assert messages(vscode.languages.get_diagnostics(A)) == ["first", "second", "third"]
        assert [(str(uri), messages(these)) for uri, these in vscode.languages.get_diagnostics()] == [
            (str(A), ["first", "second", "third"]),
            (str(B), ["fourth"]),
        ]
        assert messages(one.get(A)) == ["first", "second"]
        assert (one.has(B), other.has(B), list(one.get(B))) == (False, True, [])


async def test_setting_replaces_and_none_takes_back(ada: SessionContext) -> None:
    with ada.entered():
        collection = vscode.languages.create_diagnostic_collection("lint")
        collection.set(A, [wrong("old")])
        collection.set(A, [wrong("new")])
        assert messages(collection.get(A)) == ["new"]
        collection.set(A, None)
        assert not collection.has(A)
        collection.set([(A, [wrong("1")]), (B, [wrong("2")]), (A, [wrong("3")]), (B, None)])
        assert (messages(collection.get(A)), collection.has(B)) == (["1", "3"], False)
        collection.delete(A)
        collection.set(B, [wrong("4")])
        collection.set(None)
        assert list(collection) == []


async def test_what_was_got_does_not_change_with_what_was_given(ada: SessionContext) -> None:
    with ada.entered():
        collection, given = vscode.languages.create_diagnostic_collection(), [wrong("1")]
        collection.set(A, given)
        given.append(wrong("2"))
        assert messages(collection.get(A)) == ["1"]
        seen: list[Any] = []
        collection.for_each(lambda uri, these, of: seen.append((str(uri), messages(these), of)))
        assert seen == [(str(A), ["1"], collection)]


async def test_a_disposed_collection_takes_back_what_it_said_and_refuses_more(ada: SessionContext) -> None:
    with ada.entered():
        collection = vscode.languages.create_diagnostic_collection("lint")
        collection.set(A, [wrong("1")])
        collection.dispose()
        collection.dispose()
        assert vscode.languages.get_diagnostics(A) == []
        for use in (
            lambda: collection.set(A, []),
            lambda: collection.get(A),
            collection.clear,
            lambda: list(collection),
            lambda: collection.name,
        ):
            with pytest.raises(Disposed, match="'lint' is disposed of"):
                use()


async def test_changes_that_come_together_are_told_once_and_to_their_user_only(
    ada: SessionContext, ben: SessionContext
) -> None:
    heard: list[tuple[str, list[str]]] = []
    for session in (ada, ben):
        with session.entered():
            name = session.uid
            vscode.languages.on_did_change_diagnostics(
                lambda event, name=name: heard.append((name, [str(uri) for uri in event.uris]))
            )
    with ada.entered():
        collection = vscode.languages.create_diagnostic_collection()
        collection.set(A, [wrong("1")])
        collection.set(B, [wrong("2")])
        collection.set(A, [])
    await eventually(lambda: heard)
    assert heard == [("ada", [str(A), str(B)])]
    assert await events(ada, "languages.onDidChangeDiagnostics") == [{"uris": [str(A), str(B)]}]
    assert (ben.mailbox.seq, ben.get(Problems).all()) == (0, [])


async def test_an_extension_that_ends_takes_its_diagnostics_along(ada: SessionContext) -> None:
    for extension in ("acme.lint", "acme.other"):
        with ada.entered(extension):
            vscode.languages.create_diagnostic_collection().set(A, [wrong(extension)])
    ada.forget_extension("acme.lint")
    assert messages(ada.get(Problems).of(A)) == ["acme.other"]


async def test_one_user_cannot_fill_the_memory_with_diagnostics(
    ada: SessionContext, ben: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "MOST", 3)
    with ada.entered():
        collection = vscode.languages.create_diagnostic_collection()
        collection.set(A, [wrong("1"), wrong("2")])
        with pytest.raises(InvalidValue, match="may be 3 of all collections"):
            collection.set(B, [wrong("3"), wrong("4")])
        assert not collection.has(B)
        collection.clear()
        collection.set(B, [wrong("3"), wrong("4"), wrong("5")])
    with ben.entered():
        vscode.languages.create_diagnostic_collection().set(A, [wrong("1")])


@pytest.mark.parametrize("given", [["text"], [7], 7])
async def test_what_is_no_diagnostic_is_refused(ada: SessionContext, given: Any) -> None:
    with ada.entered():
        collection = vscode.languages.create_diagnostic_collection()
        with pytest.raises((InvalidValue, TypeError)):
            collection.set(A, given)
        assert not collection.has(A)


async def test_that_nothing_is_wrong_is_said_of_a_resource_too(ada: SessionContext) -> None:
    with ada.entered():
        collection = vscode.languages.create_diagnostic_collection("acme")
        collection.set(A, [])
        assert collection.has(A)
        assert [*collection] == [(A, ())]
        collection.set(A, [None, wrong("one")])  # type: ignore[list-item]
        assert messages(collection.get(A)) == ["one"]
        collection.set(A, None)
        assert not collection.has(A)
        collection.set([(A, [wrong("one")]), (A, None)])
        assert not collection.has(A)
