"""One place that turns what went wrong into what a client is told, over the socket and over HTTP. Nothing else may."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from host import wire
from host.auth import BadToken, NotYours
from sessions.errors import (
    FileSystemError,
    InvalidUid,
    InvalidValue,
    LanguageModelError,
    NotFound,
    Overloaded,
    QuotaExceeded,
    RoostError,
    SandboxDied,
    SandboxUnavailable,
    SessionClosed,
    StoreError,
)
from sessions.values import writable
from shim.commands import CommandFailed

log = logging.getLogger("roost.host")


@dataclass(frozen=True, slots=True)
class Problem:
    """What a client is told: a JSON-RPC code, an HTTP status, a sentence, and data for programs."""

    code: int
    status: int
    message: str
    data: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", writable(self.message))  # it may quote the name of a file


MOST_MISTAKES = 256
"""Beyond it none is told by itself: to tell of each takes some microseconds."""

_FILE_STATUS = {
    "FileNotFound": 404,
    "FileExists": 409,
    "FileNotADirectory": 409,
    "FileIsADirectory": 409,
    "NoPermissions": 403,
    "Unavailable": 409,
    "NoSpace": 507,
}


def explain(error: BaseException) -> Problem:
    """What to tell about `error`. What nobody foresaw is logged under an id, and only the id is told."""
    match error:
        case ValidationError():
            return invalid(error)
        case InvalidValue():
            return Problem(
                wire.INVALID_PARAMS, 422, str(error), {"errors": [{"field": error.field, "rule": error.rule}]}
            )
        case NotFound():
            return Problem(wire.INVALID_REQUEST, 404, str(error))
        case InvalidUid():
            return Problem(wire.INVALID_REQUEST, 400, str(error))
        case FileSystemError(code=code):
            code = "Unavailable" if code == "Unknown" else code
            return Problem(wire.FILE_SYSTEM_ERROR, _FILE_STATUS[code], f"{code}: {error}", {"code": code, **error.data})
        case QuotaExceeded():
            data = {"quota": error.quota, "limit": error.limit, "used": error.used}
            return Problem(wire.OVER_QUOTA, 507 if error.quota in ("bytes", "files") else 429, str(error), data)
        case Overloaded():
            return overloaded(str(error), error.retry_after_ms)
        case LanguageModelError():
            return _model_failed(error)
        case SessionClosed():
            return overloaded(str(error), 1_000)
        case CommandFailed():
            missing = {"missing": list(error.missing)} if error.missing else {}
            return Problem(wire.COMMAND_FAILED, 409, str(error), {"command": error.command, **missing})
        case BadToken():
            return Problem(wire.NOT_AUTHENTICATED, 401, str(error))
        case NotYours():
            return Problem(wire.NOT_YOURS, 403, str(error))
        case SandboxUnavailable():
            return Problem(wire.INVALID_REQUEST, 503, str(error))
        case SandboxDied():
            return overloaded(str(error), 1_000)
        case StoreError():
            return Problem(wire.INTERNAL_ERROR, 503, str(error))
        case RoostError():
            return Problem(wire.INVALID_REQUEST, 409, str(error))
        case _:
            return unforeseen(error)


_MODEL_STATUS = {"NoPermissions": 403, "Blocked": 422, "NotFound": 404, "ContextLength": 413, "InvalidRequest": 422}


def _model_failed(error: LanguageModelError) -> Problem:
    if error.code == "Overloaded":
        return overloaded(str(error), round((error.retry_after_s or 1) * 1_000))
    status = _MODEL_STATUS.get(error.code, 502)
    return Problem(wire.MODEL_FAILED, status, f"{error.code}: {error}", {"code": error.code})


def invalid(error: ValidationError) -> Problem:
    """The mistakes in a request's parameters, each with its field and rule; values are never repeated."""
    if error.error_count() > MOST_MISTAKES:
        rule = f"{error.error_count()} mistakes; `rpc.discover` says what may be here"
        return Problem(wire.INVALID_PARAMS, 422, f"params: {rule}", {"errors": [{"field": "params", "rule": rule}]})
    errors = [
        {"field": ".".join(str(part) for part in one["loc"]) or "params", "rule": _rule(one["type"], one["msg"])}
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    message = "; ".join(f"{one['field']}: {one['rule']}" for one in errors[:8])
    return Problem(wire.INVALID_PARAMS, 422, message, {"errors": errors[:64]})


def _rule(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "no such parameter"
    if kind == "missing":
        return "missing"
    return message.removeprefix("Value error, ").split(": ", 1)[-1] if kind == "value_error" else message


def overloaded(message: str, retry_after_ms: int) -> Problem:
    """Too much for now: the same request may succeed later."""
    return Problem(wire.OVERLOADED, 429, message, {"retryable": True, "retryAfterMs": retry_after_ms})


def unforeseen(error: BaseException) -> Problem:
    """A defect of ours: the log has all of it under an id, the client has the id."""
    number = secrets.token_hex(6)
    log.error("unforeseen error %s", number, exc_info=error)
    return Problem(
        wire.INTERNAL_ERROR, 500, f"something went wrong here; the log has it under {number}", {"id": number}
    )
