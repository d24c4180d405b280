"""What went wrong with a provider, in our words: whether trying again helps, and when. No key is ever in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from sessions.errors import LanguageModelError, LanguageModelErrorCode

if TYPE_CHECKING:
    from host.providers.account import Account

AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
MOST_TOKENS = 1_000_000_000
LONGEST_WAIT_S = 3_600.0
EPOCH_S = 1e9
SECRETS = re.compile(r"(?:sk|pk|key|Bearer|AIza)[-_ ]?[\w*.-]{6,}", re.IGNORECASE)
TOO_LONG = "context_length_exceeded"
LENGTHS = re.compile(r"context.length|context window|prompt is too long|too many tokens|maximum.*tokens", re.IGNORECASE)
ODD = (AttributeError, TypeError, LookupError, ValueError, RecursionError)
"""What reading an event raises that is not as the API has it: the SDKs do not check what they pass on."""

KINDS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
UNITS = (("ms", 0.001), ("h", 3600.0), ("m", 60.0), ("s", 1.0))


class Fault(LanguageModelError):
    """A provider's failure; `again` says whether the same may work later, `status` is HTTP's, 0 for none."""

    def __init__(
        self,
        message: str,
        code: LanguageModelErrorCode,
        *,
        again: bool = False,
        retry_after_s: float | None = None,
        status: int = 0,
    ) -> None:
        super().__init__(message, code, retry_after_s)
        self.again = again
        self.status = status


def of_status(provider: str, status: int, message: str, headers: Mapping[str, str]) -> Fault:
    """The fault of an answer with an error status. The provider's own words are cut, and what may be a key is gone."""
    said = f": {clean(message)}" if message else ""
    if status in (401, 403):
        return Fault(f"{provider} refuses the key: set another one for it", "NoPermissions", status=status)
    if status == 404:
        return Fault(f"{provider} does not have that model or address{said}", "NotFound", status=status)
    if status == 413 or (status not in (429, 529) and LENGTHS.search(message)):
        return Fault(f"the request is too long for the model{said}", "ContextLength", status=status)
    if status in AGAIN:
        busy = status in (429, 529)
        code: LanguageModelErrorCode = "Overloaded" if busy else "Unavailable"
        what = "has no room for this now" if busy else f"failed ({status})"
        wait = wait_of(headers) if busy or status == 503 else None
        return Fault(f"{provider} {what}{said}", code, again=True, retry_after_s=wait, status=status)
    if status == 402:
        return Fault(f"{provider} wants to be paid: the account of this key has no credit", "NoPermissions", status=402)
    return Fault(f"{provider} does not take the request ({status}){said}", "InvalidRequest", status=status)


def of_connection(provider: str, *, late: bool = False) -> Fault:
    """The fault of a connection that was refused, reset or stood still."""
    what = "did not answer in time" if late else "could not be reached"
    return Fault(f"{provider} {what}: look at its address, and whether it is up", "Unavailable", again=True)


def cut(provider: str, why: str = "the connection ended") -> Fault:
    """The fault of an answer that broke off in its middle."""
    return Fault(f"the answer of {provider} broke off: {why}", "Cut")


def text_of(value: object) -> str:
    """A text of an event; "" for none. Raises `TypeError` for what is not one."""
    if value is not None and not isinstance(value, str):
        raise TypeError("not a text")
    return value or ""


def count_of(value: object) -> int:
    """A count of an event; 0 for none. Raises `TypeError` or `ValueError` for what cannot be one."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError("not a count")
    if value is not None and not 0 <= value <= MOST_TOKENS:
        raise ValueError("not a count")
    return value or 0


def clean(message: str) -> str:
    """A provider's words, short and without anything that looks like a key."""
    return SECRETS.sub("***", " ".join(message.split()))[:300]


def wait_of(headers: Mapping[str, str]) -> float | None:
    """How long a provider asks to wait, in seconds: `Retry-After`, else when its limits are reset."""
    for name in ("retry-after-ms", "retry-after"):
        found = _seconds(headers.get(name, ""), 0.001 if name.endswith("ms") else 1.0)
        if found is not None:
            return found
    names = [name for name in headers if "ratelimit" in name and "reset" in name]
    empty = [name for name in names if headers.get(name.replace("reset", "remaining")) == "0"] or names
    waits = [wait for name in empty if (wait := _seconds(headers[name], 1.0)) is not None]
    return max(waits, default=None)


def _seconds(text: str, unit: float) -> float | None:
    text = text.strip()
    if not text.isascii():
        return None
    if re.fullmatch(r"\d+(\.\d+)?", text):
        found = float(text) * unit
        if found > EPOCH_S:  # not how long, but when: some count seconds since 1970, some milliseconds
            found = (found / 1000 if found > EPOCH_S * 100 else found) - datetime.now(UTC).timestamp()
    elif re.fullmatch(r"(\d+(\.\d+)?(ms|h|m|s))+", text):
        found = sum(
            float(number) * dict(UNITS)[name] for number, _, name in re.findall(r"(\d+(\.\d+)?)(ms|h|m|s)", text)
        )
    else:
        at = _date(text)
        if at is None:
            return None
        found = (at - datetime.now(UTC)).total_seconds()
    return min(max(0.0, found), LONGEST_WAIT_S)


def _date(text: str) -> datetime | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            at = read(text.replace("Z", "+00:00"))
        except (ValueError, TypeError):
            continue
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None


class Faults:
    """Turns what the SDK and the HTTP client raise into `Fault`s, which hold no key and no address of a connection.

    `answer.begun` tells whether something of the answer was passed on: then the same is never asked again.
    """

    def __init__(self, account: Account, answer: Any = None) -> None:
        self._provider = account.provider
        self._key = account.key
        self._answer = answer

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or not isinstance(error, Exception):
            return
        fault = self._fault(error)
        if fault is not None:
            raise fault from None

    def _fault(self, error: Exception) -> Exception | None:
        begun = self._answer is not None and self._answer.begun
        inner = error.__cause__
        if isinstance(inner, Fault):
            return inner
        status = getattr(error, "status_code", None)
        if isinstance(status, int) and status >= 300:
            response = getattr(error, "response", None)
            headers = dict(response.headers) if response is not None else {}
            if getattr(error, "code", None) == TOO_LONG:
                status = 413
            return of_status(self._provider, status, self._said_by(error), headers)
        if isinstance(status, int) or type(error).__name__ == "APIError":
            return self._of_event(error, begun)
        return self._of_connection(error, begun)

    def _of_connection(self, error: Exception, begun: bool) -> Exception | None:
        import httpx2

        name = type(error).__name__
        if isinstance(error, httpx2.TimeoutException) or name == "APITimeoutError":
            why = "nothing came for too long"
            return cut(self._provider, why) if begun else of_connection(self._provider, late=True)
        if isinstance(error, httpx2.TransportError | OSError) or name == "APIConnectionError":
            return cut(self._provider) if begun else of_connection(self._provider)
        if isinstance(error, ODD) or name == "APIResponseValidationError":
            return cut(self._provider, "it sent what cannot be read")
        return None

    def _of_event(self, error: Exception, begun: bool) -> Exception:
        """An error told in the stream: its kind says what its status would have been."""
        said = self._said_by(error)
        if begun:
            return cut(self._provider, f"it failed: {clean(said)}" if said else "it failed")
        busy = any(word in said.lower() for word in ("overloaded", "rate limit", "rate_limit"))
        return of_status(self._provider, KINDS.get(kind_of(error), 529 if busy else 500), said, {})

    def _said_by(self, error: Exception) -> str:
        said = said_by(error)
        return said.replace(self._key, "***") if self._key else said


def said_by(error: Exception) -> str:
    """The provider's own words, where it had any."""
    body = getattr(error, "body", None)
    for _ in range(2):
        if isinstance(body, dict) and isinstance(body.get("message"), str):
            return str(body["message"])
        body = body.get("error") if isinstance(body, dict) else None
    return ""


def kind_of(error: Exception) -> str:
    """What the provider calls an error, such as `overloaded_error`."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    return str(inner.get("type")) if isinstance(inner, dict) else ""
