"""`vscode.env`'s telemetry: it is off for everybody, so loggers take what they are told and send it nowhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from sessions.errors import InvalidValue
from shim.events import EventEmitter

log = logging.getLogger("roost.telemetry")


class TelemetrySender(Protocol):
    """What an extension sends with. It is asked for nothing here but `flush`, when its logger ends."""

    def send_event_data(self, event_name: str, data: Mapping[str, Any] | None = None) -> object: ...

    def send_error_data(self, error: BaseException, data: Mapping[str, Any] | None = None) -> object: ...


class TelemetryLogger:
    """A logger that is never enabled, as VS Code's is where its user has switched telemetry off.

    The names of events go to the operator's log at the level DEBUG; their data go nowhere.
    """

    __slots__ = ("_changed", "_sender", "on_did_change_enable_states")

    is_usage_enabled = False
    is_errors_enabled = False

    def __init__(self, sender: TelemetrySender) -> None:
        needed = [getattr(sender, name, None) for name in ("send_event_data", "send_error_data")]
        if not all(map(callable, needed)) or not callable(getattr(sender, "flush", callable)):
            raise InvalidValue("sender", "must have methods send_event_data and send_error_data, and may have flush")
        self._sender: TelemetrySender | None = sender
        self._changed = EventEmitter[TelemetryLogger]()
        self.on_did_change_enable_states = self._changed.event
        """Never fires: telemetry stays off."""

    def log_usage(self, event_name: str, data: Mapping[str, Any] | None = None) -> None:
        log.debug("usage: %s", event_name)

    def log_error(self, event_name: str | BaseException, data: Mapping[str, Any] | None = None) -> None:
        log.debug("error: %s", event_name if isinstance(event_name, str) else type(event_name).__name__)

    def dispose(self) -> object:
        """End it, and let the sender flush."""
        sender, self._sender = self._sender, None
        flush = getattr(sender, "flush", None)
        return flush() if flush else None


def create_telemetry_logger(
    sender: TelemetrySender,
    *,
    ignore_built_in_common_properties: bool = False,
    ignore_unhandled_errors: bool = False,
    additional_common_properties: Mapping[str, Any] | None = None,
) -> TelemetryLogger:
    """A logger for `sender`, which gets nothing as long as telemetry is off: for ever, here."""
    return TelemetryLogger(sender)
