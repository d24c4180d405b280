"""Every bar in one place: what must hold of which benchmark's rows. A bar that has no row counts as missed.

Benchmarks whose rows are named by what they found (so many users, so many MB) bring those bars themselves.
"""

from __future__ import annotations

BARS: dict[str, dict[str, str]] = {
    "rpc": {
        "session.ping on 50 sockets": ">= 0.85",
        "session.ping on 500 sockets": ">= 0.7",
    },
    "memory": {
        "memory of an idle user": "<= 60 KiB",
        "memory of the empty host": "<= 70 MiB",
    },
    "files": {
        "open and fstat": "<= 1.8",
        "idle files of a user": "<= 2048",
    },
    "events": {
        "events that went astray or came twice, 1 users": "<= 0",
        "events that went astray or came twice, 100 users": "<= 0",
    },
    "search": {
        "searches that did not find what is there": "<= 0",
        "another user's ping meanwhile, p99": "<= 20 ms",
    },
    "crowd": {
        "users who were cut off": "<= 0",
        "messages to somebody they were not for": "<= 0",
        "events that did not come": "<= 0",
        "memory of an idle user": "<= 64 KiB",
        "echo, p99": "<= 50 ms",
    },
}
"""Benchmark -> what -> bar, as `benchmarks.figures` reads it."""
