"""`/v1`: the caller's models for programs that speak OpenAI's API, with the caller's token, keys, budgets and costs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from host import problems, wire
from host.answering import Answering
from host.openai_chat import Answer, Chat, request_of
from host.problems import Problem
from host.routes import Asked, Stream, Table, json
from sessions.context import SessionContext
from sessions.errors import LanguageModelError
from sessions.models import Finished, Item, Model, Queued, Retrying

TABLE = Table()
endpoint = TABLE.endpoint

LARGEST = 8 * 1024 * 1024
"""Bytes of a question: a conversation with its images."""

QUIET_S = 15.0
"""A comment goes out this often while the model is silent, so that proxies keep the stream open."""

TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class Wrong(BaseModel):
    """What is wrong, for the document."""

    message: str
    type: str
    param: str | None
    code: str | None


class Refusal(BaseModel):
    """An answer that is none, as OpenAI's clients read it."""

    error: Wrong


def refusal(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """What is wrong as OpenAI says it. Its clients ask again by themselves where that may help, and only there."""
    status = 400 if problem.status == 422 else problem.status
    more = dict(headers or {})
    data = problem.data or {}
    if "retryAfterMs" in data:
        more["Retry-After"] = str(-(-data["retryAfterMs"] // 1000))
    if status == 429 and problem.code == wire.OVER_QUOTA:
        more["x-should-retry"] = "false"
    return Response(orjson.dumps({"error": _error(problem, status)}), status, more, "application/json")


def _error(problem: Problem, status: int) -> dict[str, Any]:
    data = problem.data or {}
    fields = [one["field"] for one in data.get("errors", ())]
    error = {
        "message": problem.message,
        "type": TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error"),
        "param": fields[0] if fields else None,
        "code": _code(problem),
    }
    if problem.code == wire.OVER_QUOTA:
        error |= {"type": "insufficient_quota", "quota": data["quota"], "limit": data["limit"], "used": data["used"]}
    return error


def _code(problem: Problem) -> str | None:
    if problem.code == wire.OVER_QUOTA:
        return "insufficient_quota"
    named = {"NotFound": "model_not_found", "ContextLength": "context_length_exceeded"}
    return named.get(str((problem.data or {}).get("code")))


# -- models


@endpoint("GET", "/v1/models", shape=refusal, refusal=Refusal, answers={200: "application/json"})
async def list_models(asked: Asked) -> Response:
    """The caller's models, as OpenAI lists them."""
    async with asked.host.sessions.using(asked.uid) as session:
        models = await _models(session)
    return json({"object": "list", "data": [_listed(model) for model in models]})


@endpoint("GET", "/v1/models/{model:path}", shape=refusal, refusal=Refusal, answers={200: "application/json"})
async def read_model(asked: Asked) -> Response:
    """One of the caller's models."""
    async with asked.host.sessions.using(asked.uid) as session:
        return json(_listed(await _model(session, asked.named("model"))))


async def _models(session: SessionContext) -> list[Model]:
    return [] if session.models is None else list(await session.models.models(session))


async def _model(session: SessionContext, name: str) -> Model:
    """The model of that id, or the only one that its provider calls so."""
    models = await _models(session)
    found = [model for model in models if model.id == name] or [model for model in models if model.own_name == name]
    if len(found) == 1:
        return found[0]
    rule = "several providers have it, so name it as GET /v1/models does" if found else "see GET /v1/models"
    raise LanguageModelError.not_found(f"no model of yours is meant by {name[:100]!r}: {rule}")


def _listed(model: Model) -> dict[str, Any]:
    price = model.price
    return {
        "id": model.id,
        "object": "model",
        "created": 0,
        "owned_by": model.vendor,
        "name": model.name,
        "context_window": model.max_input_tokens,
        "max_output_tokens": model.max_output_tokens,
        "pricing": None if price is None else {"prompt": price.input / 1e6, "completion": price.output / 1e6},
    }


# -- answers


@endpoint(
    "POST",
    "/v1/chat/completions",
    body=Chat,
    largest=LARGEST,
    shape=refusal,
    refusal=Refusal,
    answers={200: ("application/json", "text/event-stream")},
)
async def chat_completions(asked: Asked) -> Response:
    """Ask one of the caller's models, as with OpenAI; `stream` gives server-sent events.

    The conversation is kept nowhere here. `usage.cost` is in USD, null where the price is unknown.
    """
    chat: Chat = asked.body
    if chat.stream:
        asked.host.presence(asked.uid).check_room()
    async with asked.host.sessions.using(asked.uid) as session:
        model = await _model(session, chat.model)
        answering = Answering(session, await asyncio.to_thread(request_of, chat, model.id))
        watch = session.start(_close_when_gone(asked.request, answering), "watch a client")
        answer = Answer(secrets.token_hex(12), model.id)
        try:
            if not chat.stream:
                return json(answer.whole([item async for item in answering]))
            first = await _first(answering)
        except BaseException:
            answering.close()
            raise
        finally:
            watch.cancel()
    with_usage = chat.stream_options is not None and chat.stream_options.include_usage
    return Chunks(asked, answering, _chunks(answering, answer, first, with_usage))


async def _close_when_gone(request: HttpRequest, answering: Answering) -> None:
    """Nobody waits for the answer any more: nothing more is paid for it."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    answering.close()


async def _first(answering: Answering) -> Item:
    """The first item that is part of the answer: until then a refusal is still a status."""
    async for item in answering:
        if not isinstance(item, Queued | Retrying):
            return item
    raise LanguageModelError("the model's answer had no end", "Cut")


class Chunks(Stream):
    """A streamed answer; when it ends in whatever way, so does the call."""

    def __init__(self, asked: Asked, answering: Answering, content: AsyncIterator[bytes]) -> None:
        super().__init__(asked, content, "text/event-stream", {"Cache-Control": "no-store"}, refusal)
        self._answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._answering.close()


async def _chunks(answering: Answering, answer: Answer, first: Item, with_usage: bool) -> AsyncIterator[bytes]:
    yield _event(answer.beginning())
    item: Item | None = first
    try:
        while True:
            if item is None:
                yield b": quiet\n\n"
            elif (chunk := answer.chunk(item)) is not None:
                yield _event(chunk)
            if isinstance(item, Finished):
                break
            item = await _next(answering)
    except Exception as error:  # noqa: BLE001  the edge of a stream: its status is out, so it is told inside of it
        problem = problems.explain(error)
        yield _event({"error": _error(problem, problem.status)})
        return
    if with_usage:
        yield _event(answer.usage(item))
    yield b"data: [DONE]\n\n"


async def _next(answering: Answering) -> Item | None:
    """The next item; None where none came for `QUIET_S`."""
    try:
        async with asyncio.timeout(QUIET_S):
            return await anext(answering)
    except TimeoutError:
        return None
    except StopAsyncIteration:
        raise LanguageModelError("the model's answer had no end", "Cut") from None


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"
