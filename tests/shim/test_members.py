"""Members of VS Code's API that no other test uses: what they are for an extension that uses them."""

from __future__ import annotations

from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from shim import NotSupported, queries

pytestmark = pytest.mark.anyio


async def test_namespaces_give_objects_of_the_types_that_are_named(ada: SessionContext) -> None:
    with ada.entered("acme.types"):
        channel = vscode.window.create_output_channel("log")
        assert isinstance(channel, vscode.OutputChannel)
        document = await vscode.workspace.open_text_document(content="one\ntwo")
        assert isinstance(document, vscode.TextDocument)
        assert document.line_at(1).line_number == 1
        folders = vscode.workspace.workspace_folders
        assert folders is not None and isinstance(folders[0], vscode.WorkspaceFolder)
        listing: vscode.Thenable[list[str]] = vscode.commands.get_commands()
        assert "setContext" in await listing
        memento = await ada.memento("acme.types", "global")
        assert isinstance(memento, vscode.Memento)
        assert memento.set_keys_for_sync(["a"]) is None
        await memento.update("a", 1)
        assert memento.get("a") == 1
        panel = vscode.window.create_webview_panel("acme.view", "View", vscode.ViewColumn.ONE)
        assert panel.webview.csp_source
        panel.dispose()


async def test_inline_completions_are_asked_with_their_context(ada: SessionContext) -> None:
    seen: list[Any] = []

    class Completes:
        def provide_inline_completion_items(self, document: Any, position: Any, context: Any, token: Any) -> Any:
            seen.append(context)
            item = vscode.InlineCompletionItem("tail", vscode.Range(0, 0, 0, 0))
            return vscode.InlineCompletionList([item])

    class Acts:
        def provide_code_actions(self, document: Any, range: Any, context: Any, token: Any) -> Any:
            seen.append(context)
            return [vscode.CodeAction("a", vscode.CodeActionKind.REFACTOR_REWRITE)]

    inline: vscode.InlineCompletionItemProvider = Completes()
    acts: vscode.CodeActionProvider = Acts()
    with ada.entered():
        vscode.languages.register_inline_completion_item_provider("*", inline)
        vscode.languages.register_code_actions_provider("*", acts)
        document = await vscode.workspace.open_text_document(content="one")
    context = vscode.InlineCompletionContext(vscode.InlineCompletionTriggerKind.INVOKE)
    found = await queries.ask(ada, "inline_completion", document, vscode.Position(0, 0), context)
    assert [one.insert_text for _, one in found] == ["tail"]
    (action,) = queries.bare(await queries.code_actions(ada, document, vscode.Range(0, 0, 0, 1)))
    assert action.kind == vscode.CodeActionKind.REFACTOR_REWRITE
    assert isinstance(seen[0], vscode.InlineCompletionContext)
    assert isinstance(seen[1], vscode.CodeActionContext)


def test_interfaces_are_there_for_annotations() -> None:
    assert vscode.ProviderResult is not None
    for name in ("provide_text_document_content",):
        assert hasattr(vscode.TextDocumentContentProvider, name)
    assert hasattr(vscode.WebviewViewProvider, "resolve_webview_view")


def test_parts_of_tool_calls_name_the_same_call() -> None:
    call = vscode.LanguageModelToolCallPart("1", "find", {"text": "x"})
    result = vscode.LanguageModelToolResultPart(call.call_id, [vscode.LanguageModelTextPart("found")])
    assert result.call_id == "1"


async def test_there_are_no_notebooks_and_a_version_to_compare(ada: SessionContext) -> None:
    with ada.entered():
        assert vscode.window.active_notebook_editor is None
        assert vscode.window.visible_notebook_editors == ()
    assert [part.isdigit() for part in vscode.version.split(".")] == [True] * 3


def test_variables_of_terminals_are_given_when_they_are_created() -> None:
    with pytest.raises(NotSupported, match="terminals take variables by create_terminal"):
        vscode.EnvironmentVariableMutator()  # type: ignore[attr-defined]


async def test_models_and_what_is_sent_to_them_have_types(ada: SessionContext) -> None:
    class Provides:
        def provide_language_model_chat_information(self, options: Any, token: Any) -> Any:
            return [vscode.LanguageModelChatInformation("m", "Model", "family", "1", 1_000, 100)]

        def provide_language_model_chat_response(self, *given: Any) -> Any:
            getattr(given[3], "report", given[3])(vscode.LanguageModelTextPart("said"))

        def provide_token_count(self, *_: Any) -> int:
            return 1

    tool = vscode.LanguageModelChatTool("find", "Finds.", {"type": "object"})
    with ada.entered("acme.models"):
        vscode.lm.register_language_model_chat_provider("acme", Provides())
        (model,) = await vscode.lm.select_chat_models(vendor="acme")
        assert isinstance(model, vscode.LanguageModelChat)
        assert model.max_input_tokens == 1_000
        response = await model.send_request([vscode.LanguageModelChatMessage.user("hi")], tools=[tool])
        assert isinstance(response, vscode.LanguageModelChatResponse)
        assert "".join([text async for text in response.text]) == "said"


NAMESPACES = ("authentication", "env", "extensions", "languages", "lm", "tasks", "window", "workspace")


def names_of(space: str) -> list[str]:
    module = getattr(vscode, space)
    names = {*dir(module), *getattr(module, "__all__", ()), *getattr(module, "_LIVE", ())}
    return sorted(name for name in names if name.startswith("on_"))


EVENTS = [(space, name) for space in NAMESPACES for name in names_of(space)]


@pytest.mark.parametrize(("space", "name"), EVENTS)
async def test_every_event_is_listened_to_as_vs_codes_are(ada: SessionContext, space: str, name: str) -> None:
    with ada.entered():
        event = getattr(getattr(vscode, space), name)
        subscriptions: list[Any] = []
        event(lambda _: None, None, subscriptions)
        event(lambda _: None, subscriptions)
        event(lambda _: None, disposables=subscriptions)
        assert [type(one.dispose()) for one in subscriptions] == [type(None)] * 3
