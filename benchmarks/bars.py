"""Every bar in one place: what must hold of which benchmark's rows. A bar that has no row counts as missed.

A row brings a bar itself only where that hangs on what is measured beside it, or on what is installed here.
"""

from __future__ import annotations

LINEAR = "<= 1.15"
"""An exponent that is linear, and as much as a busy machine may add."""

BARS: dict[str, dict[str, str]] = {
    "rpc": {
        "session.ping on 50 sockets": ">= 0.85",
        "session.ping on 500 sockets": ">= 0.7",
    },
    "memory": {
        "memory of an idle user": "<= 60 KiB",
        "memory of the empty host": "<= 70 MiB",
        "connections that stay, of 1000": ">= 1000",
    },
    "files": {
        "open and fstat": "<= 1.8",
        "idle files of a user": "<= 2048",
    },
    "store": {
        "resident, a user who came back and is idle": "<= 16384",
        "1 users x 1 updates under way": ">= 0.5",
        "10 users x 1 updates under way": ">= 0.9",
        "100 users x 1 updates under way": ">= 0.9",
        "1 users x 32 updates under way": ">= 4.0",
        "100 users x 8 updates under way": ">= 2.0",
        "*: loop late, p99": "<= 10 ms",
        "a loaded idle user": "<= 4096",
    },
    "events": {
        "events that went astray or came twice, 1 users": "<= 0",
        "events that went astray or came twice, 100 users": "<= 0",
    },
    "search": {
        "a text that 1 file in 100 has, of *": "<= 3",
        "a text that 1 file in 20 has, of *": "<= 4",
        "searches that did not find what is there": "<= 0",
        "another user's ping meanwhile, p99": "<= 20 ms",
    },
    "agent": {
        "a step of 30 users' tasks at once, CPU": "<= 25 ms",
        "longest stop of the loop": "<= 20 ms",
    },
    "commands": {
        "a checkpoint of 2 changed files of 5,000, p50": "<= 4.0",
    },
    "crowd": {
        "users who were cut off": "<= 0",
        "messages to somebody they were not for": "<= 0",
        "events that did not come": "<= 0",
        "memory of an idle user": "<= 64 KiB",
        "echo, p99": "<= 50 ms",
    },
    "documents": {
        "*: users whose events were lost or out of order": "<= 0",
        "*: events that reached somebody else": "<= 0",
        "*: longest stop of the loop": "<= 20 ms",
        "*: longest stop by work of its own": "<= 20 ms",
    },
    "extensions": {
        "*, plain, * users: memory of one more": "<= 400 KiB",
        "*, models, * users: memory of one more": "<= 800 KiB",
        "*, shared, * users: memory of one more": "<= 20 KiB",
        "*: longest garbage collection": "<= 20 ms",
        "*: loop stopped by loading": "<= 25 ms",
        "*: loop stopped by unloading": "<= 20 ms",
    },
    "growth": {
        "memory of idle users: exponent by users": LINEAR,
        "processor time to let them in: exponent by users": LINEAR,
        "ping of one more, p50: exponent by users": LINEAR,
        "ping of one more, p99: exponent by users": LINEAR,
        "processor of the host, *: exponent by users who work": LINEAR,
        "list the newest tasks: exponent by tasks": LINEAR,
        "show a task and its messages: exponent by tasks": LINEAR,
        "one more task, to its end: exponent by tasks": LINEAR,
        "messages to somebody they were not for, *": "<= 0",
        "come back to events: exponent by events": LINEAR,
        "find a tenth of the files: exponent by files": LINEAR,
        "write one more file: exponent by files": LINEAR,
    },
    "lives": {
        "SIGTERM with 200 users: until the end": "<= 10",
        "SIGTERM: exit code other than 0": "<= 0",
        "SIGTERM: users told 1012": ">= 200",
        "kill -9, * rounds: pairs of writes acknowledged": ">= 1",
        "kill -9, * rounds: lost or half-written": "<= 0",
        "kill -9 with * users: until one of them is answered": "<= 2 s",
    },
    "models": {
        "a streamed chunk, CPU": "<= 2.0",
        "the first word, of 300 ms, beside another's 100 streams": "<= 2.0",
        "the first word, of 40 ms, beside another's 100 streams": "<= 2.0",
        "streams of 300 that were mixed up": "<= 0 streams",
        "streams that began before each of 60 users had one": "<= 80 streams",
        "connections for 300 streams": "<= 20 sockets",
    },
    "noise": {
        "*: loop late, p99": "<= 20 ms",
        "*: loop late, at most": "<= 100 ms",
        "a fork bomb: forks refused": ">= 1",
        "uploads of 10 MiB/s: moved": ">= 2",
        "4 uploads as fast as they go: moved": ">= 10",
        "8 large downloads: moved": ">= 10",
        "a client that reads nothing: memory of the host that it added": "<= 16 MiB",
    },
    "sandbox": {
        "first prompt (*), median": "<= 10",
        "further prompt, median": "<= 2.5",
        "50 users at once, all at their prompt": "<= 2 s",
        "the loop stands still, 500 MB in the host: a first terminal, median": "<= 2 ms",
        "the loop stands still, 500 MB in the host: a further one, median": "<= 2 ms",
        "a user over their shell (PSS); floor: bash itself": "<= 1024 KiB",
        "a further terminal over its shell (PSS and the host's RSS)": "<= 100 KiB",
    },
    "shells": {
        "a user's first terminal, to its prompt, median": "<= 10",
        "a further one": "<= 2.5",
        "first, 500 MB in the host; floor: without": "<= 1.3",
        "further, 500 MB in the host; floor: without": "<= 1.3",
        "50 new users at once, all at their prompt": "<= 2 s",
        "memory of one of * users with a terminal over bash": "<= 1024 KiB",
        "memory of a further terminal over its bash": "<= 100 KiB",
        "threads that * further terminals added": "<= 0",
        "numbers of `seq 1 5000000` in order, through 3 cuts": ">= 5000000",
    },
    "terminals": {
        "`cat` of * MB": ">= 0.6",
        "memory of the host that it added, at most": "<= 24 MB",
        "echo of a key, median": "<= 2",
        "memory of the host that floods added": "<= 24 MB",
        "users of * whose terminal did not answer": "<= 0",
    },
    "watchers": {
        "*: events lost or told twice": "<= 0",
        "*: events that reached somebody else": "<= 0",
        "*: longest stop of the loop": "<= 20 ms",
        "*: longest stop by work of its own": "<= 20 ms",
    },
}
"""Benchmark -> what -> bar, as `benchmarks.figures` reads it; `*` stands for sizes, whatever they are."""
