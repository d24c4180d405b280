"""What went wrong with a provider, in our words: whether trying again helps, and when. No key is ever in them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from sessions.errors import LanguageModelError, LanguageModelErrorCode

AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
LONGEST_WAIT_S = 3_600.0
SECRETS = re.compile(r"(?:sk|pk|key|Bearer|AIza)[-_ ]?[\w*.-]{6,}", re.IGNORECASE)
LENGTHS = re.compile(r"context.length|context window|prompt is too long|too many tokens|maximum.*tokens", re.IGNORECASE)
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
    if status == 413 or LENGTHS.search(message):
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
    if re.fullmatch(r"\d+(\.\d+)?", text):
        found = float(text) * unit
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
    """Turns what the SDK and the HTTP client raise into `Fault`s, which hold no key and no address of a connection."""

    def __init__(self, provider: str, answer: Any = None) -> None:
        self._provider = provider
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
        import httpx2

        begun = self._answer is not None and self._answer.begun
        inner = error.__cause__
        if isinstance(inner, Fault):
            return inner
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            response = getattr(error, "response", None)
            headers = dict(response.headers) if response is not None else {}
            return of_status(self._provider, status, said_by(error), headers)
        name = type(error).__name__
        if isinstance(error, httpx2.TimeoutException) or name == "APITimeoutError":
            return (
                cut(self._provider, "nothing came for too long") if begun else of_connection(self._provider, late=True)
            )
        if isinstance(error, httpx2.TransportError | OSError) or name == "APIConnectionError":
            return cut(self._provider) if begun else of_connection(self._provider)
        if name in (
            "APIError",
            "APIResponseValidationError",
            "JSONDecodeError",
            "UnicodeDecodeError",
            "RemoteProtocolError",
        ):
            return self._of_event(error, begun)
        return None

    def _of_event(self, error: Exception, begun: bool) -> Exception:
        """An error told in the stream, or an event that nobody can read."""
        said = said_by(error)
        busy = any(word in said.lower() for word in ("overloaded", "rate limit", "rate_limit"))
        if not begun and busy:
            return of_status(self._provider, 529, said, {})
        if not begun and said:
            return of_status(self._provider, 500, said, {})
        return cut(self._provider, "it sent what cannot be read" if not said else "it failed")


def said_by(error: Exception) -> str:
    """The provider's own words, where it had any."""
    body = getattr(error, "body", None)
    for _ in range(2):
        if isinstance(body, dict) and isinstance(body.get("message"), str):
            return str(body["message"])
        body = body.get("error") if isinstance(body, dict) else None
    return ""
