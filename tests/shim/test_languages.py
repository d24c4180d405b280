"""Language providers: who is asked for which document, what counts, and that one who fails hurts nobody else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.current import current_extension, get_current_user_id
from sessions.errors import InvalidValue, NoCurrentUser
from shim import queries, renaming
from shim.features import Features, ProviderFailed
from shim.known_languages import Known
from tests.people import extension, loads, people
from tests.sessions.stores import eventually
from tests.shim.screen import Screen

pytestmark = pytest.mark.anyio

HERE = vscode.Position(0, 1)
LINE = vscode.Range(0, 0, 0, 5)


class Text(NamedTuple):
    """A document, as far as these questions go."""

    uri: vscode.Uri
    language_id: str


TEXT = Text(vscode.Uri.file("/workspace/a.py"), "python")


class Hovers:
    def __init__(self, words: Any) -> None:
        self.words = words

    def provide_hover(self, document: Any, position: Any, token: Any) -> Any:
        return self.words() if callable(self.words) else vscode.Hover(self.words)


async def hovers(session: SessionContext, **more: Any) -> list[Any]:
    found = await queries.ask(session, "hover", TEXT, HERE, **more)
    return [one.contents[0] for one in queries.bare(found)]


def register(session: SessionContext, words: Any, selector: Any = "python", extension: str | None = None) -> Any:
    with session.entered(extension):
        return vscode.languages.register_hover_provider(selector, Hovers(words))


async def failures(session: SessionContext, count: int = 1) -> list[Any]:
    await eventually(lambda: session.mailbox.seq >= count)
    batch = await anext(session.mailbox.follow(0)) if session.mailbox.seq else []
    return [orjson.loads(event.data_json) for event in batch if event.type == "languages.onDidFailProvider"]


# -- who is asked


async def test_providers_answer_for_their_documents_best_first_then_newest(ada: SessionContext) -> None:
    register(ada, "any", "*")
    register(ada, "old")
    register(ada, "new")
    register(ada, "ruby", "ruby")
    assert await hovers(ada) == ["new", "old", "any"]


async def test_a_provider_is_asked_only_for_its_own_user(ada: SessionContext, ben: SessionContext) -> None:
    register(ada, "mine")
    assert (await hovers(ada), await hovers(ben)) == (["mine"], [])


async def test_a_provider_runs_as_its_user_and_extension(ada: SessionContext) -> None:
    register(ada, lambda: vscode.Hover(f"{get_current_user_id()} {current_extension()}"), extension="acme.hello")
    assert await hovers(ada) == ["ada acme.hello"]


async def test_a_disposed_provider_is_asked_no_more(ada: SessionContext) -> None:
    undo = register(ada, "gone")
    register(ada, "there")
    undo.dispose()
    undo.dispose()
    assert await hovers(ada) == ["there"]


async def test_an_extension_that_ends_takes_its_providers_along(ada: SessionContext) -> None:
    register(ada, "gone", extension="acme.gone")
    register(ada, "there", extension="acme.there")
    ada.forget_extension("acme.gone")
    assert await hovers(ada) == ["there"]


async def test_a_provider_without_its_method_and_one_without_a_user_are_refused(ada: SessionContext) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match="must have a method provide_hover, and object has none"):
        vscode.languages.register_hover_provider("python", object())  # type: ignore[arg-type]
    with pytest.raises(NoCurrentUser):
        vscode.languages.register_hover_provider("python", Hovers("x"))


# -- what goes wrong


async def test_one_that_raises_is_named_and_the_others_answer(ada: SessionContext, ben: SessionContext) -> None:
    def broken() -> None:
        raise LookupError("not today")

    register(ada, broken, extension="acme.broken")
    register(ada, "fine")
    assert await hovers(ada) == ["fine"]
    assert await failures(ada) == [
        {"feature": "provide_hover", "extension": "acme.broken", "message": "LookupError: not today"}
    ]
    assert ben.mailbox.seq == 0


@pytest.mark.parametrize("leave", [SystemExit, KeyboardInterrupt])
async def test_one_that_would_end_the_process_fails_like_any_other(
    ada: SessionContext, leave: type[BaseException]
) -> None:
    def depart() -> None:
        raise leave("bye")

    register(ada, depart)
    register(ada, "fine")
    assert await hovers(ada) == ["fine"]


async def test_one_that_never_answers_is_given_up_told_to_stop_and_named(ada: SessionContext) -> None:
    stopped: list[bool] = []

    class Hangs:
        async def provide_hover(self, document: Any, position: Any, token: Any) -> None:
            token.on_cancellation_requested(lambda _: stopped.append(True))
            await asyncio.Event().wait()

    ada.get(Features).limit_s = 0.2
    with ada.entered("acme.hangs"):
        vscode.languages.register_hover_provider("python", Hangs())
    register(ada, "fine")
    assert await hovers(ada) == ["fine"]
    assert stopped == [True]
    assert [one["message"] for one in await failures(ada)] == ["no answer within 0.2 s"]


async def test_who_cancels_waits_no_longer_and_the_providers_hear_of_it(ada: SessionContext) -> None:
    asked, stopped = asyncio.Event(), asyncio.Event()

    async def waits() -> None:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    register(ada, waits)
    source = vscode.CancellationTokenSource()
    asking = asyncio.create_task(hovers(ada, token=source.token))
    await asked.wait()
    source.cancel()
    assert await asking == []
    await stopped.wait()
    assert ada.mailbox.seq == 0
    assert await hovers(ada, token=source.token) == []


async def test_an_answer_that_is_none_of_the_wanted_is_left_out(ada: SessionContext) -> None:
    register(ada, lambda: "text")
    register(ada, lambda: None)
    register(ada, lambda: [vscode.Hover("a list"), 7])
    assert await hovers(ada) == ["a list"]


# -- how answers become one


async def test_completions_come_from_those_who_fit_best_and_have_some(ada: SessionContext) -> None:
    class Completes:
        def __init__(self, *labels: str, incomplete: bool = False) -> None:
            self.given = vscode.CompletionList([vscode.CompletionItem(one) for one in labels], incomplete)
            self.seen: list[Any] = []

        async def provide_completion_items(self, document: Any, position: Any, token: Any, context: Any) -> Any:
            self.seen.append((context.trigger_kind, context.trigger_character, token.is_cancellation_requested))
            return self.given

    any_one, empty = Completes("zebra", "ant", incomplete=True), Completes()
    with ada.entered():
        vscode.languages.register_completion_item_provider("*", any_one, ".")
        vscode.languages.register_completion_item_provider("python", empty)
    found, incomplete = await queries.completions(ada, TEXT, HERE)
    assert ([one.label for _, one in found], incomplete) == (["ant", "zebra"], True)
    found, _ = await queries.completions(ada, TEXT, HERE, ".")
    assert [one.label for _, one in found] == ["ant", "zebra"]
    kinds = vscode.CompletionTriggerKind
    assert any_one.seen == [(kinds.INVOKE, None, False), (kinds.TRIGGER_CHARACTER, ".", False)]
    assert len(empty.seen) == 1, "it was not registered with the character"
    with ada.entered():
        vscode.languages.register_completion_item_provider("python", Completes("best"))
    found, incomplete = await queries.completions(ada, TEXT, HERE)
    assert ([one.label for _, one in found], incomplete) == (["best"], False)


async def test_an_item_is_resolved_by_the_provider_that_gave_it(ada: SessionContext) -> None:
    class Resolves:
        def __init__(self, name: str) -> None:
            self.name = name

        def provide_completion_items(self, *_: Any) -> Any:
            return [vscode.CompletionItem(self.name)]

        async def resolve_completion_item(self, item: Any, token: Any) -> Any:
            item.detail = f"by {self.name}"
            return item

    with ada.entered():
        for name in ("one", "two"):
            vscode.languages.register_completion_item_provider("python", Resolves(name))
    found, _ = await queries.completions(ada, TEXT, HERE)
    details = [(await queries.resolved(ada, "completion", one)).detail for one in found]
    assert details == ["by one", "by two"]


async def test_code_actions_see_what_is_wrong_there_and_come_by_kind(ada: SessionContext) -> None:
    class Acts:
        def provide_code_actions(self, document: Any, range: Any, context: Any, token: Any) -> Any:
            self.seen = [one.message for one in context.diagnostics]
            return [
                vscode.CodeAction("fix", vscode.CodeActionKind.QUICK_FIX),
                vscode.CodeAction("sort", vscode.CodeActionKind.SOURCE_ORGANIZE_IMPORTS),
                vscode.Command("run", "acme.run"),
            ]

    acts, quick = Acts(), Acts()
    with ada.entered():
        vscode.languages.register_code_actions_provider("python", acts)
        vscode.languages.register_code_actions_provider(
            "ruby", quick, provided_code_action_kinds=[vscode.CodeActionKind.QUICK_FIX]
        )
        vscode.languages.create_diagnostic_collection().set(
            TEXT.uri,
            [vscode.Diagnostic(LINE, "here"), vscode.Diagnostic(vscode.Range(5, 0, 5, 1), "elsewhere")],
        )

    async def titles(*kind: Any) -> list[str]:
        return [one.title for one in queries.bare(await queries.code_actions(ada, TEXT, LINE, *kind))]

    assert await titles() == ["fix", "run"]
    assert acts.seen == ["here"]
    assert await titles(vscode.CodeActionKind.SOURCE) == ["sort"]
    assert await titles(vscode.CodeActionKind.QUICK_FIX) == ["fix"]


async def test_many_diagnostics_and_actions_are_looked_through_in_turns(ada: SessionContext) -> None:
    class Many:
        def provide_code_actions(self, document: Any, range: Any, context: Any, token: Any) -> Any:
            seen.append(len(context.diagnostics))
            return [vscode.CodeAction("fix", vscode.CodeActionKind.QUICK_FIX)] * 10_000

    seen: list[int] = []
    with ada.entered():
        vscode.languages.register_code_actions_provider("python", Many())
        collection = vscode.languages.create_diagnostic_collection("acme")
        collection.set(TEXT.uri, [vscode.Diagnostic(LINE, "wrong")] * 10_000)
        asked, turns = asyncio.ensure_future(queries.code_actions(ada, TEXT, LINE)), 0
        while not asked.done():
            await asyncio.sleep(0)
            turns += 1
    assert (seen, len(await asked)) == ([10_000], 10_000)
    assert turns > 30


async def test_a_provider_of_other_kinds_is_not_asked_for_actions(ada: SessionContext) -> None:
    class Never:
        def provide_code_actions(self, *_: Any) -> Any:
            raise AssertionError("it has quick fixes only")

    with ada.entered():
        vscode.languages.register_code_actions_provider(
            "python", Never(), provided_code_action_kinds=[vscode.CodeActionKind.QUICK_FIX]
        )
    assert await queries.code_actions(ada, TEXT, LINE, vscode.CodeActionKind.SOURCE) == []
    assert ada.mailbox.seq == 0


async def test_the_reason_why_a_name_cannot_be_changed_reaches_who_asked(ada: SessionContext) -> None:
    class Renames:
        def provide_rename_edits(self, document: Any, position: Any, new_name: str, token: Any) -> Any:
            if new_name == "class":
                raise ValueError("'class' is a keyword")
            edit = vscode.WorkspaceEdit()
            edit.replace(document.uri, LINE, new_name)
            return edit

    with ada.entered():
        vscode.languages.register_rename_provider("python", Renames())
    edit = await renaming.rename(ada, TEXT, HERE, "better")
    assert edit is not None and edit.get(TEXT.uri)[0].new_text == "better"
    with pytest.raises(ProviderFailed, match="'class' is a keyword"):
        await renaming.rename(ada, TEXT, HERE, "class")


async def test_of_formatters_the_first_with_an_answer_counts(ada: SessionContext) -> None:
    class Formats:
        def __init__(self, text: str) -> None:
            self.text = text

        def provide_document_formatting_edits(self, document: Any, options: Any, token: Any) -> Any:
            return [vscode.TextEdit(LINE, f"{self.text}{options.tab_size}")] if self.text else None

    with ada.entered():
        for text in ("old", "new", ""):
            vscode.languages.register_document_formatting_edit_provider("python", Formats(text))
    edits = await queries.formatting(ada, TEXT, vscode.FormattingOptions(tab_size=2))
    assert [one.new_text for one in edits] == ["new2"]


class Ranges:
    """Formats ranges only."""

    def provide_document_range_formatting_edits(self, document: Any, range: Any, options: Any, token: Any) -> Any:
        return [vscode.TextEdit(range, "ranges")]


async def test_the_formatter_that_the_settings_name_is_asked_alone(ada: SessionContext) -> None:
    class Formats:
        def __init__(self, text: str) -> None:
            self.text = text

        def provide_document_formatting_edits(self, document: Any, options: Any, token: Any) -> Any:
            return [vscode.TextEdit(LINE, self.text)] if self.text else None

    await ada.files.write("/workspace/a.py", b"one\ntwo")
    with ada.entered():
        document = await vscode.workspace.open_text_document("/workspace/a.py")
    for owner, text in (("acme.black", "black"), ("acme.silent", ""), ("acme.newest", "newest")):
        with ada.entered(owner):
            vscode.languages.register_document_formatting_edit_provider("python", Formats(text))
    for owner in ("acme.ranges", "acme.black"):
        with ada.entered(owner):
            vscode.languages.register_document_range_formatting_edit_provider("python", Ranges())
    for named, texts in (
        ("acme.black", ["black"]),
        ("Acme.Black", ["black"]),
        ("acme.silent", []),
        ("acme.ranges", ["ranges"]),
        ("no.such", ["newest"]),
        (None, ["newest"]),
    ):
        await ada.settings.update("editor.defaultFormatter", named, "global")
        edits = await queries.formatting(ada, document, vscode.FormattingOptions())
        assert [one.new_text for one in edits] == texts, named
    await ada.settings.update("editor.defaultFormatter", "acme.ranges", "global")
    (edit,) = await queries.formatting(ada, document, vscode.FormattingOptions())
    assert edit.range == vscode.Range(0, 0, 1, 3), "all of it"
    await ada.settings.update("editor.defaultFormatter", "acme.newest", "global")
    (edit,) = await queries.formatting(ada, document, vscode.FormattingOptions(), LINE)
    assert edit.new_text == "ranges", "who is named formats no ranges"


async def test_who_formats_ranges_formats_documents_where_no_other_has_an_answer(ada: SessionContext) -> None:
    class Silent:
        def provide_document_formatting_edits(self, *_: Any) -> Any:
            return None

    await ada.files.write("/workspace/a.py", b"one\ntwo")
    with ada.entered():
        document = await vscode.workspace.open_text_document("/workspace/a.py")
        vscode.languages.register_document_formatting_edit_provider("python", Silent())
        vscode.languages.register_document_range_formatting_edit_provider("python", Ranges())
    (edit,) = await queries.formatting(ada, document, vscode.FormattingOptions())
    assert edit.new_text == "ranges"


async def test_only_who_wants_a_character_formats_after_it(ada: SessionContext) -> None:
    class Formats:
        def provide_on_type_formatting_edits(
            self, document: Any, position: Any, ch: str, options: Any, token: Any
        ) -> Any:
            return [vscode.TextEdit(LINE, ch)]

    with ada.entered():
        vscode.languages.register_on_type_formatting_edit_provider("python", Formats(), "}", ";")
    ask = queries.formatting_on_type
    options = vscode.FormattingOptions()
    assert [one.new_text for one in await ask(ada, TEXT, HERE, ";", options)] == [";"]
    assert await ask(ada, TEXT, HERE, ":", options) == []


async def test_tokens_come_with_the_legend_of_their_provider(ada: SessionContext) -> None:
    legend = vscode.SemanticTokensLegend(["class"], ["static"])

    class Tokens:
        def provide_document_semantic_tokens(self, document: Any, token: Any) -> Any:
            builder = vscode.SemanticTokensBuilder(legend)
            builder.push(LINE, "class", ["static"])
            return builder.build()

    with ada.entered():
        vscode.languages.register_document_semantic_tokens_provider("python", Tokens(), legend)
        with pytest.raises(InvalidValue, match="must be a SemanticTokensLegend"):
            vscode.languages.register_document_semantic_tokens_provider("python", Tokens(), None)  # type: ignore[arg-type]
    found = await queries.tokens(ada, TEXT)
    assert found is not None
    assert (found[0].data.tolist(), found[1].more["legend"]) == ([0, 0, 5, 0, 1], legend)


async def test_calls_are_followed_by_the_provider_of_their_item(ada: SessionContext) -> None:
    item = vscode.CallHierarchyItem(vscode.SymbolKind.FUNCTION, "f", "", TEXT.uri, LINE, LINE)

    class Calls:
        def prepare_call_hierarchy(self, document: Any, position: Any, token: Any) -> Any:
            return item

        def provide_call_hierarchy_incoming_calls(self, of: Any, token: Any) -> Any:
            return [vscode.CallHierarchyIncomingCall(of, [LINE])]

        def provide_call_hierarchy_outgoing_calls(self, of: Any, token: Any) -> Any:
            return None

    with ada.entered():
        vscode.languages.register_call_hierarchy_provider("python", Calls())
    (found,) = await queries.ask(ada, "call_hierarchy", TEXT, HERE)
    assert [one.from_ for _, one in await queries.following(ada, "incoming_calls", found)] == [item]
    assert await queries.following(ada, "outgoing_calls", found) == []


async def test_symbols_of_the_workspace_are_asked_for_without_a_document(ada: SessionContext) -> None:
    class Finds:
        def provide_workspace_symbols(self, query: str, token: Any) -> Any:
            return [vscode.SymbolInformation(query, vscode.SymbolKind.CLASS, "", vscode.Location(TEXT.uri, LINE))]

    with ada.entered():
        vscode.languages.register_workspace_symbol_provider(Finds())
    assert [one.name for _, one in await queries.ask(ada, "workspace_symbol", None, "Cat")] == ["Cat"]


async def test_a_provider_whose_answers_change_lets_its_users_clients_ask_again(
    ada: SessionContext, ben: SessionContext
) -> None:
    class Lenses:
        def __init__(self) -> None:
            self.changed = vscode.EventEmitter[None]()
            self.on_did_change_code_lenses = self.changed.event

        def provide_code_lenses(self, document: Any, token: Any) -> Any:
            return []

    lenses = Lenses()
    with ada.entered():
        undo = vscode.languages.register_code_lens_provider("python", lenses)
    lenses.changed.fire()
    await eventually(lambda: ada.mailbox.seq == 1)
    (event,) = await anext(ada.mailbox.follow(0))
    assert (event.type, orjson.loads(event.data_json)) == ("languages.onDidChangeProvider", {"feature": "codeLens"})
    undo.dispose()
    lenses.changed.fire()
    assert (ada.mailbox._numbers.last, ben.mailbox.seq) == (1, 0)


# -- languages themselves


async def test_the_languages_of_extensions_are_among_all(tmp_path: Path) -> None:
    place = extension(tmp_path, "lang", '[[contributes.languages]]\nid = "acme-lang"', extension="def activate(_): ...")
    async with people(tmp_path, loads(place)) as sessions:
        with (await sessions.open("ada")).entered():
            found = await vscode.languages.get_languages()
    assert {"python", "typescript", "plaintext", "acme-lang"} <= set(found)
    assert found == sorted(found)


async def test_of_several_configurations_of_a_language_the_newest_part_counts(
    ada: SessionContext, ben: SessionContext
) -> None:
    import re

    with ada.entered():
        vscode.languages.set_language_configuration(
            "acme", {"word_pattern": re.compile("a+"), "brackets": [["(", ")"]]}
        )
        newer = vscode.languages.set_language_configuration("acme", {"word_pattern": re.compile("b+")})
    known = ada.get(Known)
    assert (known.word_pattern("acme"), known.configuration("acme").brackets) == (re.compile("b+"), [["(", ")"]])
    newer.dispose()
    assert known.word_pattern("acme") == re.compile("a+")
    assert ben.get(Known).word_pattern("acme") is None


@pytest.mark.parametrize(
    ("given", "words"),
    [({"words": 1}, "has no 'words'"), ({"word_pattern": "a"}, "must be a compiled pattern"), (7, "int")],
)
async def test_a_configuration_that_is_none_is_refused(ada: SessionContext, given: Any, words: str) -> None:
    with ada.entered(), pytest.raises(InvalidValue, match=words):
        vscode.languages.set_language_configuration("acme", given)


async def test_a_status_item_is_shown_to_its_users_clients(ada: SessionContext, ben: SessionContext) -> None:
    with ada.entered("acme.py"):
        item = vscode.languages.create_language_status_item("version", ["python", {"scheme": "file"}])
        item.text = "3.11"
        item.severity = vscode.LanguageStatusSeverity.WARNING
        item.command = vscode.Command("Choose", "acme.choose")
        with pytest.raises(InvalidValue, match="'version' already"):
            vscode.languages.create_language_status_item("version", "python")
    with ada.entered("other.py"):
        vscode.languages.create_language_status_item("version", "python")
    assert Screen(ada, late=True).of("languageStatusItem")[0] == {
        "id": "version",
        "selector": ["python", {"scheme": "file"}],
        "severity": 1,
        "text": "3.11",
        "busy": False,
        "command": {"title": "Choose", "command": "acme.choose", "tooltip": None},
    }
    item.dispose()
    assert len(Screen(ada, late=True).of("languageStatusItem")) == 1
    ada.forget_extension("other.py")
    assert Screen(ada, late=True).of("languageStatusItem") == []
    assert Screen(ben, late=True).of("languageStatusItem") == []
