"""A running host as a command reaches it: its address, who asks, and what it says when it refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import click

F = TypeVar("F", bound=Callable[..., Any])

HERE = "http://127.0.0.1:3000"
SECONDS = 30.0


class Refused(click.ClickException):
    """The host cannot be reached, or says no; told in one sentence, and the exit code is 2."""


@dataclass(frozen=True, slots=True)
class Far:
    """Where the host is, and who asks: by a token, or by name where the host wants none."""

    url: str
    token: str | None = None
    uid: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def socket(self) -> str:
        """The address of the user's socket."""
        query = f"?{urlencode({'uid': self.uid})}" if self.uid else ""
        return f"ws{self.url.removeprefix('http')}/ws{query}"

    def ask(self, method: str, path: str, query: dict[str, str] | None = None) -> Any:
        """What the host answers to one request, read as JSON; raises `Refused`."""
        import httpx2

        asked = {**({"uid": self.uid} if self.uid else {}), **(query or {})}
        try:
            answer = httpx2.request(
                method, f"{self.url}{path}", params=asked, headers=self.headers, timeout=SECONDS, trust_env=False
            )
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise unreachable(self.url, error) from None
        if answer.is_error:
            raise Refused(_reason(answer))
        return answer.json() if answer.content else None


def unreachable(url: str, error: Exception) -> Refused:
    """What is said where no host answers."""
    return Refused(f"no host answers at {url} ({error}); start one with `roost serve`, or name another with --url.")


def _reason(answer: Any) -> str:
    try:
        problem = answer.json()
        text = str(problem.get("detail") or problem.get("title"))
    except (ValueError, AttributeError):
        text = answer.reason_phrase or "no reason given"
    return refused(answer.status_code, text)


def refused(code: int, text: str) -> str:
    """What is said where a host answers no, by HTTP or by closing a socket, with the option that helps."""
    hint = ""
    if code in (401, 4401):
        hint = "; give a token with --token or ROOST_TOKEN, as `roost token` makes them"
    elif text.startswith("uid: missing"):
        text, hint = "it wants to know who you are", "; say it with --uid or ROOST_UID"
    return f"the host refused ({code}): {text.rstrip('.')}{hint}."


def reaching(command: F) -> F:
    """Give a command `--url`, `--token` and `--uid`, each also by its variable; they come as `url`, `token`, `uid`."""
    uid = click.option("--uid", envvar="ROOST_UID", help="Your uid, where the host wants no token (ROOST_UID).")
    token = click.option("--token", envvar="ROOST_TOKEN", help="The token that says who you are (ROOST_TOKEN).")
    url = click.option(
        "--url", envvar="ROOST_URL", default=HERE, show_default=True, help="Where the host is (ROOST_URL)."
    )
    return url(token(uid(command)))


def far(url: str, token: str | None, uid: str | None) -> Far:
    """The host of those options."""
    if not url.startswith(("http://", "https://")):
        raise Refused("--url: must begin with http:// or https://.")
    return Far(url.rstrip("/"), token or None, uid or None)
