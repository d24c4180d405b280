"""`vscode.lm`: language models and tools, for the current user. Who answers is the host's pool, or another extension.

Where VS Code asks the user whether an extension may use a model, here it may: the user's budgets are what holds it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sessions.current import current_extension, current_session
from sessions.errors import InvalidValue, LanguageModelError
from shim.absent import absent_member
from shim.cancellation import CancellationToken
from shim.chat_models import LanguageModelChat, LanguageModelChatResponse, LanguageModelChatTool
from shim.events import Disposable, EventEmitter, of_user
from shim.messages import LanguageModelToolResult
from shim.model_parts import (
    CACHE_MARK,
    LanguageModelStatusPart,
    LanguageModelThinkingPart,
    LanguageModelUsagePart,
    Part,
    message_of,
)
from shim.model_providers import LanguageModelChatInformation, LanguageModelToolInformation, Provided, Registry
from shim.namespace import fix
from shim.schemas import mistake_in_turns
from shim.thenable import Thenable, called, thenable

if TYPE_CHECKING:
    from sessions.context import SessionContext

__all__ = [
    "CACHE_MARK",
    "LanguageModelChat",
    "LanguageModelChatInformation",
    "LanguageModelChatResponse",
    "LanguageModelChatTool",
    "LanguageModelStatusPart",
    "LanguageModelThinkingPart",
    "LanguageModelToolInformation",
    "LanguageModelUsagePart",
    "Part",
    "invoke_tool",
    "message_of",
    "on_did_change_chat_models",
    "register_language_model_chat_provider",
    "register_tool",
    "select_chat_models",
    "tools",
]

MOST_TOOLS = 1_000

tools: tuple[LanguageModelToolInformation, ...]
"""The tools that the user's extensions registered."""


def select_chat_models(
    *, vendor: str | None = None, family: str | None = None, version: str | None = None, id: str | None = None
) -> Thenable[list[LanguageModelChat]]:
    """The user's models that are all of this, in the order of their preference."""
    wanted = {"vendor": vendor, "family": family, "version": version, "id": id}
    return thenable(_select({name: one for name, one in wanted.items() if one is not None}), "select chat models")


async def _select(wanted: Mapping[str, str]) -> list[LanguageModelChat]:
    session = current_session()
    found = [LanguageModelChat(one) for one in await session.models.models(session)] if session.models else []
    for provided in list(session.get(Registry).providers.values()):
        found += [LanguageModelChat(one, provided) for one in await provided.information()]
    return [one for one in found if all(getattr(one, name) == value for name, value in wanted.items())]


def register_language_model_chat_provider(vendor: str, provider: Any) -> Disposable:
    """Provide models under a vendor's name of your own. Raises `InvalidValue` where it is taken."""
    registry = current_session().get(Registry)
    if not vendor or "/" in vendor or vendor in registry.providers:
        raise InvalidValue("vendor", f"{vendor!r} is taken or no name: choose one of your own, without '/'")
    provided = registry.providers[vendor] = Provided(vendor, provider, current_extension())
    registry.changed.fire(None)
    return Disposable(lambda: registry.withdraw(provided))


def _models_changed(session: SessionContext) -> EventEmitter[None]:
    registry = session.get(Registry)
    registry.listen()
    return registry.changed


on_did_change_chat_models = of_user(_models_changed)
"""Fires when the user has other models than before."""


def register_tool(
    name: str, tool: Any, *, description: str = "", input_schema: dict[str, Any] | None = None, tags: Sequence[str] = ()
) -> Disposable:
    """Register what agents may call: `tool.invoke(options, token)` gives a `LanguageModelToolResult`.

    VS Code reads description and schema from the manifest; here they may be given. Raises `InvalidValue`.
    """
    registry = current_session().get(Registry)
    if not isinstance(name, str) or not name or name in registry.tools or len(registry.tools) >= MOST_TOOLS:
        raise InvalidValue("name", f"{name!r} is taken or no name, or there are {MOST_TOOLS} tools already")
    told = LanguageModelToolInformation(name, description, input_schema, tuple(tags))
    made = registry.tools[name] = (told, tool, current_extension())
    return Disposable(lambda: registry.tools.pop(name) if registry.tools.get(name) is made else None)


def __getattr__(name: str) -> Any:
    if name == "tools":
        return tuple(told for told, _, _ in current_session().get(Registry).tools.values())
    return absent_member(__name__, name)


def invoke_tool(
    name: str, input: Mapping[str, Any], token: CancellationToken | None = None
) -> Thenable[LanguageModelToolResult]:
    """Call a tool with an input that its schema allows.

    Raises `LanguageModelError` NotFound where there is none, `InvalidValue` with the place and the rule that the input
    breaks (then it was not called), and what the tool raises.
    """
    return thenable(_invoke(name, input, token or CancellationToken.NONE), f"tool {name}")


async def _invoke(name: str, input: Mapping[str, Any], token: CancellationToken) -> LanguageModelToolResult:
    session = current_session()
    found = session.get(Registry).tools.get(name)
    if found is None:
        raise LanguageModelError.not_found(f"there is no tool {name!r}: see lm.tools")
    told, tool, extension = found
    wrong = await mistake_in_turns(input, told.input_schema or {})
    if wrong is not None:
        place, rule = wrong
        raise InvalidValue(f"input.{place}" if place else "input", f"{rule}, as the tool {name!r} has it")
    with session.entered(extension):
        result = await called(tool.invoke, {"input": dict(input), "tool_invocation_token": None}, token)
    if not isinstance(result, LanguageModelToolResult):
        raise LanguageModelError(f"the tool {name!r} gave no LanguageModelToolResult")
    return result


fix(__name__)
