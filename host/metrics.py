"""What Prometheus reads. Nothing is labelled with a user, and the library is imported at the first scrape."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from host.app import Host


def render(host: Host) -> tuple[bytes, str]:
    """The text of a scrape and its media type; runs in a thread."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_LATEST
    from prometheus_client.registry import Collector

    class Now(Collector):
        def collect(self) -> Iterator[Any]:
            return _collect(host)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Now())
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _collect(host: Host) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

    for name, text, value in _gauges(host):
        yield GaugeMetricFamily(f"roost_{name}", text, value)
    for name, text, value in _counters(host):
        yield CounterMetricFamily(f"roost_{name}", text, value)
    yield InfoMetricFamily("roost_build", "What runs here.", {"version": host.version})


def _gauges(host: Host) -> Iterator[tuple[str, str, float]]:
    yield "connections", "Open WebSocket connections.", len(host.connections)
    yield "sessions", "Open sessions.", len(host.sessions)
    yield "databases_open", "Open state databases.", host.databases.open
    yield "cache_bytes", "Bytes of file contents in the shared cache.", host.cache.bytes
    yield "extensions_disabled", "Extensions ended because they kept the loop.", len(host.watchdog.disabled)
    yield "uptime_seconds", "Seconds since the host started.", time.time() - host.started_at
    yield "resident_memory_bytes", "Resident memory of the process.", _resident()


def _counters(host: Host) -> Iterator[tuple[str, str, float]]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield "cpu_seconds", "Processor time of the process.", usage.ru_utime + usage.ru_stime
    yield "loop_stalls", "How often the loop was kept for a second or more.", host.watchdog.stalls
    yield "session_opens", "Sessions opened since the start.", host.sessions.opens
    yield "session_sleeps", "Sessions put to sleep since the start.", host.sessions.sleeps
    yield "store_acknowledged_writes", "Writes acknowledged as durable.", host.databases.acks
    yield "store_commits", "Commits of all state databases.", host.databases.commits


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
