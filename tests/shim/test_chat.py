"""Chat participants: asked as their extension, each user's own, their answers part by part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import shim as vscode
from sessions.context import SessionContext
from sessions.current import current_extension, get_current_user_id
from sessions.errors import InvalidValue
from shim import chat
from shim.chat import Participants
from tests.people import extension, loads, people

pytestmark = pytest.mark.anyio

TOKEN = vscode.CancellationToken.NONE


async def asked(session: SessionContext, prompt: str, *history: Any) -> tuple[list[Any], vscode.ChatResult]:
    parts: list[Any] = []
    request, context = vscode.ChatRequest(prompt), vscode.ChatContext(history)
    stream = vscode.ChatResponseStream(parts.append)
    return parts, await session.get(Participants).ask("acme.chat", request, context, stream, TOKEN)


async def test_a_participant_answers_part_by_part_as_its_extension(ada: SessionContext, ben: SessionContext) -> None:
    async def handler(request: Any, context: Any, response: Any, token: Any) -> vscode.ChatResult:
        response.progress("thinking")
        response.markdown(f"{request.prompt} from {get_current_user_id()} to {current_extension()}")
        response.reference(vscode.Uri.file("/workspace/a.py"))
        response.button(vscode.Command("Go", "acme.go"))
        response.anchor(vscode.Uri.file("/workspace"), "here")
        response.filetree([vscode.ChatResponseFileTree("a.py")], vscode.Uri.file("/workspace"))
        return vscode.ChatResult(metadata={"turns": len(context.history)})

    with ada.entered("acme.talk"):
        chat.create_chat_participant("acme.chat", handler)
    parts, result = await asked(ada, "hi", vscode.ChatRequestTurn("before", None, [], "acme.chat"))
    assert [type(part).__name__ for part in parts] == [
        "ChatResponseProgressPart",
        "ChatResponseMarkdownPart",
        "ChatResponseReferencePart",
        "ChatResponseCommandButtonPart",
        "ChatResponseAnchorPart",
        "ChatResponseFileTreePart",
    ]
    assert parts[1].value.value == "hi from ada to acme.talk"
    assert result.metadata == {"turns": 1}
    with pytest.raises(InvalidValue, match=r"there is no 'acme\.chat'"):
        await asked(ben, "hi")


async def test_feedback_and_followups_reach_the_participant(ada: SessionContext) -> None:
    class Follows:
        def provide_followups(self, result: Any, context: Any, token: Any) -> Any:
            return [vscode.ChatFollowup(prompt=f"more of {result.metadata}"), "nonsense"]

    heard: list[Any] = []
    with ada.entered("acme.talk"):
        one = chat.create_chat_participant("acme.chat", lambda *_: None)
        one.on_did_receive_feedback(heard.append)
        assert (
            await ada.get(Participants).followups("acme.chat", vscode.ChatResult(), vscode.ChatContext(), TOKEN) == []
        )
        one.followup_provider = Follows()
    result = vscode.ChatResult(metadata={"n": 1})
    found = await ada.get(Participants).followups("acme.chat", result, vscode.ChatContext(), TOKEN)
    assert [each.prompt for each in found] == ["more of {'n': 1}"]
    one.tell(vscode.ChatResultFeedback(result, vscode.ChatResultFeedbackKind.HELPFUL))
    assert [each.kind for each in heard] == [vscode.ChatResultFeedbackKind.HELPFUL]


async def test_an_id_is_one_participants_until_it_or_its_extension_goes(ada: SessionContext) -> None:
    with ada.entered("acme.talk"):
        first = chat.create_chat_participant("acme.chat", lambda *_: None)
        with pytest.raises(InvalidValue, match=r"'acme\.chat' is taken"):
            chat.create_chat_participant("acme.chat", lambda *_: None)
        first.dispose()
        chat.create_chat_participant("acme.chat", lambda *_: None)
    ada.forget_extension("acme.talk")
    assert ada.get(Participants).all == ()


async def test_a_handlers_error_reaches_who_asked(ada: SessionContext) -> None:
    def handler(*_: Any) -> None:
        raise LookupError("no words today")

    with ada.entered():
        chat.create_chat_participant("acme.chat", handler)
    with pytest.raises(LookupError, match="no words today"):
        await asked(ada, "hi")


async def test_talking_to_a_contributed_participant_wakes_its_extension(tmp_path: Path) -> None:
    code = """
        import shim as vscode
        def activate(context):
            vscode.chat.create_chat_participant("acme.chat", lambda request, *_: vscode.ChatResult(metadata={"ok": 1}))
    """
    manifest = 'contributes.chat_participants = [{ id = "acme.chat", name = "acme" }]'
    async with people(tmp_path, loads(extension(tmp_path, "talk", manifest, extension=code))) as sessions:
        _, result = await asked(await sessions.open("ada"), "hi")
    assert result.metadata == {"ok": 1}
