"""What the host counts of one user across all of their connections. It knows no session and no socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from host.limits import Bucket, retry_after_ms
from sessions.errors import Overloaded, QuotaExceeded
from sessions.quotas import Quotas


class Presence:
    """One user's connections, requests in flight and rate; it lives while any of them is there."""

    __slots__ = ("_everybody", "bucket", "connections", "in_flight", "quotas", "uid", "voices")

    def __init__(self, uid: str, quotas: Quotas, everybody: dict[str, Presence]) -> None:
        self.uid = uid
        self.quotas = quotas
        self.connections: set[object] = set()
        """What was opened as this user (not by those that impersonate them): sockets, and streams of events."""
        self.voices = 0
        self.in_flight = 0
        self.bucket = _bucket(quotas)
        """The user's requests a second, over all of their connections."""
        self._everybody = everybody

    def allow(self, quotas: Quotas) -> None:
        """Other limits from now on; what is there already stays."""
        if quotas.requests_per_second != self.quotas.requests_per_second:
            self.bucket = _bucket(quotas)
        self.quotas = quotas

    def check_room(self) -> None:
        """Raises `QuotaExceeded` where one more connection would be too many."""
        limit, used = self.quotas.connections, len(self.connections)
        if limit is not None and used >= limit:
            raise QuotaExceeded("connections", limit, used, "close one")

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Count a stream of events as one of the user's connections while the body runs."""
        stream = object()
        self.connections.add(stream)
        self.voices += 1
        try:
            yield
        finally:
            self.connections.discard(stream)
            self.voices -= 1
            self.let_go_if_unused()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Count one request of the user while the body runs. Raises `Overloaded` where there is no room for it."""
        try:
            self.take_turn()
            limit = self.quotas.requests_in_flight
            if limit is not None and self.in_flight >= limit:
                raise Overloaded(f"{limit} requests are in flight", 1_000)
            self.in_flight += 1
            try:
                yield
            finally:
                self.in_flight -= 1
        finally:
            self.let_go_if_unused()

    def take_turn(self) -> None:
        """Count one request against the rate. Raises `Overloaded` where it is used up."""
        wait = 0.0 if self.bucket is None else self.bucket.take(time.monotonic())
        if wait:
            raise Overloaded("too many requests a second", retry_after_ms(wait))

    def let_go_if_unused(self) -> None:
        """Forget the user when nothing of theirs is here; the rate starts afresh then."""
        if not self.voices and not self.in_flight and self._everybody.get(self.uid) is self:
            del self._everybody[self.uid]


def _bucket(quotas: Quotas) -> Bucket | None:
    rate = quotas.requests_per_second
    return Bucket(rate, 2 * rate) if rate else None
