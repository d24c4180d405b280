"""Renaming with several providers: who is asked for the place, who for the edit, and why nothing can be renamed."""

from __future__ import annotations

from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from shim import Position, Range, Uri, renaming
from shim.features import ProviderFailed
from shim.text import TextModel

pytestmark = pytest.mark.anyio

HERE = Position(0, 1)
WORD = Range(0, 0, 0, 3)


class Text(TextModel):
    """A document, as far as a provider is asked about one."""

    uri = Uri.file("/workspace/a.py")
    language_id = "python"


class Renames:
    """Answers with what it was given, and notes what it was asked for; what is raised is an answer too."""

    def __init__(self, heard: list[str], name: str, edit: Any = None, place: Any = ...) -> None:
        self.heard, self.name, self.edit = heard, name, edit
        if place is not ...:
            self.prepare_rename = lambda *_: self._answer("place", place)

    def provide_rename_edits(self, document: Any, position: Any, new_name: str, token: Any) -> Any:
        return self._answer("edit", self.edit)

    def _answer(self, what: str, answer: Any) -> Any:
        self.heard.append(f"{self.name}.{what}")
        if isinstance(answer, Exception):
            raise answer
        return answer


def edit() -> vscode.WorkspaceEdit:
    made = vscode.WorkspaceEdit()
    made.replace(Text.uri, WORD, "new")
    return made


def register(session: SessionContext, **renames: dict[str, Any]) -> list[str]:
    """These providers, of which the last is asked first; what they will have been asked."""
    heard: list[str] = []
    with session.entered():
        for name, answers in renames.items():
            vscode.languages.register_rename_provider("python", Renames(heard, name, **answers))
    return heard


async def test_one_who_may_not_leaves_it_to_the_next(ada: SessionContext) -> None:
    no = ValueError("Cannot rename this symbol.")
    heard = register(ada, old={"edit": edit(), "place": WORD}, new={"edit": edit(), "place": no})
    found = await renaming.location(ada, Text("one two"), HERE)
    assert (found.range, found.placeholder) == (WORD, "one")
    assert await renaming.rename(ada, Text("one two"), HERE, "new") is not None
    assert heard == ["new.place", "old.place", "new.place", "old.place", "old.edit"]


async def test_one_who_prepares_nothing_is_taken_as_it_is(ada: SessionContext) -> None:
    heard = register(ada, old={"place": WORD}, new={"edit": edit()})
    assert (await renaming.location(ada, Text("one two"), HERE)).placeholder == "one"
    assert await renaming.rename(ada, Text("one two"), HERE, "new") is not None
    assert heard == ["new.edit"]


async def test_where_none_may_all_reasons_are_told(ada: SessionContext) -> None:
    heard = register(ada, old={"place": ValueError("not here")}, new={"place": ValueError("nor there")})
    for asked in (renaming.location(ada, Text("one"), HERE), renaming.rename(ada, Text("one"), HERE, "new")):
        with pytest.raises(ProviderFailed, match=r"^nor there\nnot here$"):
            await asked
    assert heard == ["new.place", "old.place"] * 2, "nobody is asked for an edit"


async def test_one_without_an_edit_leaves_it_to_the_next(ada: SessionContext) -> None:
    heard = register(ada, good={"edit": edit()}, nothing={}, evil={"edit": ValueError("evil")})
    assert await renaming.rename(ada, Text("one"), HERE, "new") is not None
    assert heard == ["evil.edit", "nothing.edit", "good.edit"]


async def test_where_nobody_has_an_edit_the_reasons_are_told(ada: SessionContext) -> None:
    register(ada, nothing={}, evil={"edit": ValueError("evil")})
    with pytest.raises(ProviderFailed, match="evil"):
        await renaming.rename(ada, Text("one"), HERE, "new")


async def test_a_place_on_another_line_is_none(ada: SessionContext) -> None:
    register(ada, one={"place": {"range": Range(1, 0, 1, 3), "placeholder": "two"}})
    assert (await renaming.location(ada, Text("one\ntwo"), HERE)).placeholder == "one"


async def test_without_a_word_or_a_provider_nothing_can_be_renamed(ada: SessionContext, ben: SessionContext) -> None:
    register(ada, one={})
    for session, text in ((ada, "   "), (ben, "one")):
        with pytest.raises(ProviderFailed, match="nothing can be renamed there"):
            await renaming.location(session, Text(text), HERE)
    assert await renaming.rename(ben, Text("one"), HERE, "new") is None
