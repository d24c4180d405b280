"""What Prometheus reads. Nothing is labelled with a user, and the library is imported at the first scrape."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host.ledger import Counts, usd

if TYPE_CHECKING:
    from host.app import Host


def render(host: Host) -> tuple[bytes, str]:
    """The text of a scrape and its media type; runs in a thread."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_LATEST

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Now(host))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Now:
    """What prometheus-client collects: the values of this moment."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def collect(self) -> Iterator[Any]:
        return _collect(self._host)


def _collect(host: Host) -> Iterator[Any]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

    for name, text, value in _gauges(host):
        yield GaugeMetricFamily(f"roost_{name}", text, value)
    for name, text, value in _counters(host):
        yield CounterMetricFamily(f"roost_{name}", text, value)
    for name, text, labels, counted in _labelled(host.ledger.counts):
        family = CounterMetricFamily(f"roost_{name}", text, labels=labels)
        for values, count in counted:
            family.add_metric(values, count)
        yield family
    yield InfoMetricFamily("roost_build", "What runs here.", {"version": host.version})


def _gauges(host: Host) -> Iterator[tuple[str, str, float]]:
    yield "connections", "Open WebSocket connections.", len(host.connections)
    yield "sessions", "Open sessions.", len(host.sessions)
    yield "databases_open", "Open state databases.", host.databases.open
    yield "cache_bytes", "Bytes of file contents in the shared cache.", host.cache.bytes
    yield "extensions_disabled", "Extensions ended because they kept the loop.", len(host.watchdog.disabled)
    yield "model_calls_running", "Calls of language models that run now.", len(host.ledger)
    yield "uptime_seconds", "Seconds since the host started.", time.monotonic() - host.started_at
    yield "resident_memory_bytes", "Resident memory of the process.", resident()


def _counters(host: Host) -> Iterator[tuple[str, str, float]]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield "cpu_seconds", "Processor time of the process.", usage.ru_utime + usage.ru_stime
    yield "loop_stalls", "How often the loop was kept for a second or more.", host.watchdog.stalls
    yield "session_opens", "Sessions opened since the start.", host.sessions.opens
    yield "session_sleeps", "Sessions put to sleep since the start.", host.sessions.sleeps
    counts = host.ledger.counts
    yield "model_cost_usd", "What calls of language models cost whose price is known, in USD.", usd(counts.cost)
    yield "model_unpriced_calls", "Calls of language models whose price is not known.", counts.unpriced
    yield "store_acknowledged_writes", "Writes acknowledged as durable.", host.databases.acks
    yield "store_commits", "Commits of all state databases.", host.databases.commits
    yield "backups", "Backups made by the schedule.", host.keeper.made
    yield "backups_failed", "Backups that the schedule could not make; the log has the reasons.", host.keeper.failed


def _labelled(counts: Counts) -> Iterator[tuple[str, str, list[str], list[tuple[list[str], int]]]]:
    """Counters with labels; a provider is one of the configuration's, or `other`."""
    calls = [([provider, outcome], count) for (provider, outcome), count in list(counts.calls.items())]
    yield "model_calls", "Calls of language models that ended.", ["provider", "outcome"], calls
    tokens = [([provider, kind], count) for (provider, kind), count in list(counts.tokens.items())]
    yield "model_tokens", "Tokens of those calls.", ["provider", "kind"], tokens
    refused = [([budget], count) for budget, count in list(counts.refused.items())]
    yield "model_budget_refusals", "Calls that a budget had no room for.", ["budget"], refused


def resident() -> int:
    """Bytes of memory that the host's process has now."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
