"""`vscode.chat`: the participants that the current user's extensions have, and what they are asked and answer.

Who talks to them, and shows what they say, is not here: `Participants` is what a chat asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue
from shim.cancellation import CancellationToken
from shim.enums import ChatResultFeedbackKind
from shim.events import Event, EventEmitter
from shim.extensions import Extensions
from shim.markdown import MarkdownString
from shim.messages import (
    ChatRequestTurn,
    ChatResponseAnchorPart,
    ChatResponseCommandButtonPart,
    ChatResponseFileTree,
    ChatResponseFileTreePart,
    ChatResponseMarkdownPart,
    ChatResponseProgressPart,
    ChatResponseReferencePart,
    ChatResponseTurn,
)
from shim.namespace import fix
from shim.ranges import Location
from shim.thenable import called
from shim.types import Command, IconPath
from shim.uri import Uri
from shim.values import Value, as_text, readonly, value

if TYPE_CHECKING:
    from sessions.context import SessionContext

MOST = 200
"""Participants of one user."""


@readonly
class ChatPromptReference(Value):
    """Something that the user named in the prompt: `range` is where, from and to in it."""

    id: str
    range: tuple[int, int] | None
    model_description: str | None
    value: Any


@readonly
class ChatLanguageModelToolReference(Value):
    """A tool that the user named in the prompt."""

    name: str
    range: tuple[int, int] | None = None


@readonly
class ChatRequest(Value):
    """What the user asks: `model` is a LanguageModelChat."""

    prompt: str
    command: str | None = None
    references: Sequence[ChatPromptReference] = ()
    tool_references: Sequence[ChatLanguageModelToolReference] = ()
    tool_invocation_token: Any = None
    model: Any = None


@readonly
class ChatContext(Value):
    """What was said before, to this participant."""

    history: Sequence[ChatRequestTurn | ChatResponseTurn] = ()


@value
class ChatErrorDetails(Value):
    """Why there is no answer, or half of one."""

    message: str
    response_is_filtered: bool | None = None


@value
class ChatResult(Value):
    """How an answer went; `metadata` is JSON that the participant sees again."""

    error_details: ChatErrorDetails | None = None
    metadata: Mapping[str, Any] | None = None


@value
class ChatFollowup(Value):
    """A question that the user may ask next by choosing it."""

    prompt: str
    label: str | None = None
    participant: str | None = None
    command: str | None = None


@readonly
class ChatResultFeedback(Value):
    """Whether the user found an answer helpful."""

    result: ChatResult
    kind: ChatResultFeedbackKind


ChatResponsePart: TypeAlias = (
    ChatResponseMarkdownPart
    | ChatResponseFileTreePart
    | ChatResponseAnchorPart
    | ChatResponseProgressPart
    | ChatResponseReferencePart
    | ChatResponseCommandButtonPart
)


class ChatResponseStream:
    """Where an answer goes, part by part, as it is made."""

    __slots__ = ("_tell",)

    def __init__(self, tell: Callable[[ChatResponsePart], object]) -> None:
        self._tell = tell

    def push(self, part: ChatResponsePart) -> None:
        """Add a part."""
        self._tell(part)

    def markdown(self, value: str | MarkdownString) -> None:
        self.push(ChatResponseMarkdownPart(value))

    def anchor(self, value: Uri | Location, title: str | None = None) -> None:
        self.push(ChatResponseAnchorPart(value, title))

    def button(self, command: Command) -> None:
        self.push(ChatResponseCommandButtonPart(command))

    def filetree(self, value: Sequence[ChatResponseFileTree], base_uri: Uri) -> None:
        self.push(ChatResponseFileTreePart(value, base_uri))

    def progress(self, value: str) -> None:
        self.push(ChatResponseProgressPart(value))

    def reference(self, value: Uri | Location, icon_path: IconPath | None = None) -> None:
        self.push(ChatResponseReferencePart(value, icon_path))


ChatRequestHandler: TypeAlias = Callable[[ChatRequest, ChatContext, ChatResponseStream, CancellationToken], Any]
"""Answers a request, plain or async; gives a ChatResult or None."""


class ChatFollowupProvider(Protocol):
    """Says what may be asked next."""

    def provide_followups(self, result: ChatResult, context: ChatContext, token: CancellationToken, /) -> Any: ...


class ChatParticipant:
    """Somebody to talk to, by `@name` as the manifest has it."""

    __slots__ = ("_feedback", "_id", "_of", "extension", "followup_provider", "icon_path", "request_handler")

    def __init__(self, of: Participants, id: str, handler: ChatRequestHandler) -> None:
        self._of = of
        self._id = id
        self._feedback = EventEmitter[ChatResultFeedback]()
        self.extension = current_extension()
        self.icon_path: IconPath | None = None
        self.request_handler = handler
        self.followup_provider: ChatFollowupProvider | None = None

    @property
    def id(self) -> str:
        return self._id

    @property
    def on_did_receive_feedback(self) -> Event[ChatResultFeedback]:
        """The user said what they think of an answer."""
        return self._feedback.event

    def tell(self, feedback: ChatResultFeedback) -> None:
        """Pass on what the user thinks. Not in VS Code."""
        self._feedback.fire(feedback)

    def dispose(self) -> None:
        """Answer no more."""
        self._of.remove(self)
        self._feedback.dispose()


class Participants:
    """One user's chat participants; `session.get(Participants)`."""

    __slots__ = ("_participants", "_session")

    def __init__(self, session: SessionContext) -> None:
        self._session = session
        self._participants: dict[str, ChatParticipant] = {}

    @property
    def all(self) -> tuple[ChatParticipant, ...]:
        """Those that are there, oldest first."""
        return tuple(self._participants.values())

    def create(self, id: str, handler: ChatRequestHandler) -> ChatParticipant:
        """A new one. Raises `InvalidValue` where the id is taken."""
        if not as_text(id, "id") or id in self._participants:
            raise InvalidValue("id", f"'{id}' is taken or empty; choose another")
        if not callable(handler):
            raise InvalidValue("handler", "must be a function (request, context, response, token)")
        if len(self._participants) >= MOST:
            raise InvalidValue("id", f"{MOST} participants are there already; dispose of some first")
        made = self._participants[id] = ChatParticipant(self, id, handler)
        return made

    def remove(self, participant: ChatParticipant) -> None:
        """It answers no more."""
        if self._participants.get(participant.id) is participant:
            del self._participants[participant.id]

    def forget_extension(self, extension: str) -> None:
        """It is gone, with its participants."""
        for one in [one for one in self.all if one.extension == extension]:
            one.dispose()

    async def find(self, id: str) -> ChatParticipant:
        """The participant of an id, its extension woken for it. Raises `InvalidValue` where there is none."""
        if id not in self._participants:
            await self._session.get(Extensions).wake(f"onChatParticipant:{id}")
        if id not in self._participants:
            raise InvalidValue("participant", f"there is no '{id[:100]}'; an extension must create it")
        return self._participants[id]

    async def ask(
        self, id: str, request: ChatRequest, context: ChatContext, stream: ChatResponseStream, token: CancellationToken
    ) -> ChatResult:
        """Let a participant answer, as its extension. What its handler raises is raised."""
        participant = await self.find(id)
        with self._session.entered(participant.extension):
            found = await called(participant.request_handler, request, context, stream, token)
        return found if isinstance(found, ChatResult) else ChatResult()

    async def followups(
        self, id: str, result: ChatResult, context: ChatContext, token: CancellationToken
    ) -> list[ChatFollowup]:
        """What may be asked after an answer."""
        participant = await self.find(id)
        provider = participant.followup_provider
        if provider is None:
            return []
        with self._session.entered(participant.extension):
            found = await called(provider.provide_followups, result, context, token)
        return [one for one in found or () if isinstance(one, ChatFollowup)]


def create_chat_participant(id: str, handler: ChatRequestHandler) -> ChatParticipant:
    """Let the user talk to `id`: `handler(request, context, response, token)` answers. `contributes.chat_participants`
    of the manifest says what it is called."""
    return current_session().get(Participants).create(id, handler)


fix(__name__)
