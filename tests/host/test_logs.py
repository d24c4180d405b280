"""What stands in the log: whose turn it was, no secret, one line an event, wherever it goes."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from host.config import Config, ConfigError
from host.logs import Lines, Rotated, configure, session_task_failed, task_failed
from host.masking import Mask
from host.tables import Logging
from sessions.current import with_user

ROOT = Path(__file__).parents[2]
SECRET = "hunter2-hunter2-hunter2"
log = logging.getLogger("roost.test")


class Written:
    """A log file that is read as its lines."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "roost.log"
        self._undo: Callable[[], None] | None = None

    def begin(self, secrets: tuple[str, ...] = (), **settings: Any) -> None:
        whole = {"file": str(self.path), "format": "json"} | settings
        self._undo = configure(Logging.model_validate(whole), secrets)

    def end(self) -> None:
        if self._undo is not None:
            self._undo()
            self._undo = None

    def text(self) -> str:
        self.end()
        return self.path.read_text()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text().split("\n")[:-1]]


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    file = Written(tmp_path)
    yield file
    file.end()


def test_an_event_is_one_json_object_with_time_level_and_logger(written: Written) -> None:
    written.begin()
    log.info("opened %s in %d ms", "a file", 3, extra={"size": 5, "names": ["x"]})
    (event,) = written.events()
    assert event.pop("time").endswith("Z")
    assert event == {
        "level": "info", "logger": "roost.test", "message": "opened a file in 3 ms", "size": 5, "names": ["x"],
    }  # fmt: skip


def test_every_line_says_whose_turn_it_was(written: Written) -> None:
    written.begin()
    log.info("nobody")
    with with_user("alice"):
        log.info("alice")
        with with_user("bob", None, "roost.jobs"):
            log.info("bob", extra={"uid": "eve", "extension": "eve.x", "level": "debug", "message_": 1})
    log.info("by hand", extra={"uid": "carol"})
    nobody, alice, bob, by_hand = written.events()
    assert "uid" not in nobody
    assert (alice["uid"], "extension" in alice) == ("alice", False)
    assert (bob["uid"], bob["extension"], bob["level"]) == ("bob", "roost.jobs", "info")
    assert by_hand["uid"] == "carol"


@pytest.mark.anyio
async def test_two_users_at_once_are_never_mixed_up(written: Written) -> None:
    written.begin()

    async def work(uid: str) -> None:
        with with_user(uid):
            for number in range(20):
                log.info("step", extra={"of": uid, "number": number})
                await asyncio.sleep(0)
            await asyncio.to_thread(log.info, "thread", extra={"of": uid})

    async with asyncio.TaskGroup() as group:
        for uid in ("alice", "bob", "carol"):
            group.create_task(work(uid))
    events = await asyncio.to_thread(written.events)
    assert len(events) == 63
    assert all(event["uid"] == event["of"] for event in events)


def test_no_secret_is_in_any_line(written: Written) -> None:
    written.begin((SECRET,))
    log.info("it is %s", SECRET)
    log.info("args %(token)s", {"token": f"token={SECRET}"})
    log.info("extra", extra={"password": SECRET, "deep": {"a": [{"apiKey": SECRET}, SECRET]}, "bytes": SECRET.encode()})
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "127.0.0.1", f"/ws?uid=a&token={SECRET}")
    logging.getLogger("uvicorn.access").info('"GET /?a=%s"', SECRET)
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ValueError(f"Authorization: Bearer {SECRET}") from error
    except ValueError:
        log.exception("failed with %s", SECRET)
    log.info("%s %s", SECRET)  # a mistake in the call
    log.info(SECRET, extra={SECRET: SECRET})
    with with_user("alice"):
        log.info({"secret": SECRET})
    text = written.text()
    assert SECRET not in text
    assert "hunter2" not in text
    assert text.count("\n") == 9
    assert "ValueError" in text


@pytest.mark.parametrize("format", ["json", "console"])
def test_nothing_that_is_logged_forges_a_line(written: Written, format: str) -> None:
    written.begin(format=format)
    forged = (
        '\n{"level":"info","message":"FORGED"}\r\n12:00:00.000 FORGED\x1b[2J\u2028FORGED\x85FORGED\x0b\x0c\x1cFORGED'
    )
    log.info(forged)
    log.info("x", extra={"a": forged, "b" + forged: 1, "c": {forged: [forged]}})
    with with_user("alice"):
        try:
            raise ValueError(forged)
        except ValueError:
            log.exception("failed")
    text = written.text()
    assert "FORGED" in text
    for line in text.splitlines():
        assert json.loads(line) if format == "json" else line[2:3] == ":" or line.startswith("    | ")
        assert not line.lstrip().startswith(('{"level"', "12:00:00.000 FORGED", "FORGED"))
    assert "\x1b" not in text
    assert len(text.split("\n")) == len(text.splitlines()) + 1


def test_a_console_line_reads_from_left_to_right(written: Written) -> None:
    written.begin(format="console")
    with with_user("alice", None, "roost.jobs"):
        log.warning("slow disk", extra={"ms": 12, "path": "/a b"})
    line = written.text()
    assert line[12:] == ' warning alice roost.test: slow disk extension="roost.jobs" ms=12 path="/a b"\n'


def test_a_traceback_goes_to_the_log_and_is_bounded(written: Written) -> None:
    written.begin()

    def deep(left: int) -> None:
        if left:
            deep(left - 1)
        raise ValueError("the end of it" + "x" * 100_000 + " at last")

    try:
        deep(500)
    except ValueError as error:
        log.error("failed", exc_info=error)
    (event,) = written.events()
    assert len(event["traceback"]) <= 8 * 1024
    assert event["traceback"].rstrip().endswith(" at last")


def test_of_a_deep_traceback_the_end_is_kept(written: Written) -> None:
    written.begin()

    def deep(left: int) -> None:
        if left:
            deep(left - 1)
        else:
            raise ValueError("at the bottom")

    try:
        deep(500)
    except ValueError:
        log.exception("failed")
    (event,) = written.events()
    assert 'raise ValueError("at the bottom")' in event["traceback"]


def test_a_traceback_shows_where_and_why(written: Written) -> None:
    written.begin()
    try:
        raise ValueError("why")
    except ValueError:
        log.exception("failed")
    (event,) = written.events()
    assert 'raise ValueError("why")' in event["traceback"]
    assert event["traceback"].endswith("ValueError: why\n")


def test_a_failed_task_is_logged_with_its_name_and_user(written: Written) -> None:
    written.begin()
    task_failed("sweep", ValueError("a"))
    session_task_failed("alice", "index", ValueError("b"))
    host, session = written.events()
    assert (host["message"], host["level"]) == ("the task sweep failed", "error")
    assert (session["message"], session["uid"]) == ("the task index failed", "alice")
    assert "ValueError: b" in session["traceback"]


@pytest.mark.parametrize(
    ("level", "seen"),
    [
        ("debug", "debug info warning error"),
        ("info", "info warning error"),
        ("warning", "warning error"),
        ("error", "error"),
    ],
)
def test_what_is_below_the_level_is_not_logged(written: Written, level: str, seen: str) -> None:
    written.begin(level=level)
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)(name)
        getattr(logging.getLogger("uvicorn.error"), name)(name)
    events = written.events()
    assert [event["message"] for event in events if event["logger"] == "roost.test"] == seen.split()
    assert [event["message"] for event in events if event["logger"] == "uvicorn.error"] == seen.split()


def test_an_embedders_logging_stays_as_it_is(written: Written) -> None:
    root, other, ours = logging.getLogger(), logging.getLogger("embedder"), logging.getLogger("roost")
    before = (root.handlers[:], root.level, other.handlers[:], other.level)
    mine = (ours.handlers[:], ours.level, ours.propagate)
    written.begin()
    assert (root.handlers, root.level, other.handlers, other.level) == before
    other.error("not in our log")
    assert written.text() == ""
    assert (ours.handlers, ours.level, ours.propagate) == mine


def test_an_event_of_odd_things_is_still_a_line(written: Written) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError("no")

    written.begin()
    log.info("%s", Broken())
    log.info(Broken())
    log.info("%d", "no number")
    log.info("x", extra={"broken": Broken(), "nan": float("nan"), "big": 10**400, "set": {1}, "surrogate": "\ud800"})
    log.info("x", extra={f"k{number}": "y" * 10_000 for number in range(200)})
    *odd, many = written.events()
    assert [event["message"] for event in odd] == ["%s", "<a Broken that cannot be shown>", "%d", "x"]
    assert many["message"] == "x"
    assert all(len(line) <= 65_536 for line in written.path.read_text().split("\n"))


def test_a_full_file_is_put_aside_and_a_new_one_begun(written: Written) -> None:
    written.begin(max_bytes=65_536, backups=2)
    for number in range(600):
        log.info("line", extra={"number": number, "filling": "x" * 500})
    written.end()
    files = sorted(written.path.parent.iterdir())
    assert [file.name for file in files] == ["roost.log", "roost.log.1", "roost.log.2"]
    assert all(file.stat().st_size <= 65_536 for file in files)
    oldest_first = "".join(file.read_text() for file in reversed(files))
    newest_last = [json.loads(line)["number"] for line in oldest_first.splitlines()]
    assert newest_last == list(range(newest_last[0], 600))


def test_without_backups_a_full_file_is_begun_anew(tmp_path: Path) -> None:
    file = Rotated(tmp_path / "a.log", 100, 0)
    for number in range(30):
        file.write(f"{number:09}\n")
    file.close()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.log"]
    assert (tmp_path / "a.log").read_text().split()[-1] == "000000029"
    assert (tmp_path / "a.log").stat().st_size <= 100


def test_a_file_that_is_there_is_written_on_and_only_the_owner_reads_a_new_one(written: Written) -> None:
    written.begin()
    log.info("first")
    written.end()
    assert written.path.stat().st_mode & 0o777 == 0o600
    written.begin()
    log.info("second")
    assert [event["message"] for event in written.events()] == ["first", "second"]


@pytest.mark.parametrize("path", ["/no/such/folder/roost.log", "/tmp"])
def test_a_file_that_cannot_be_written_is_named(path: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^logging\.file: cannot be written \([^)]+\); name a file in a folder that can$"
    ):
        configure(Logging.model_validate({"file": path}))


def test_the_log_goes_to_stderr_as_json_where_that_is_no_terminal() -> None:
    code = """
import logging
from host.config import load
from host.logs import configure
config = load({}, {"ROOST_AUTH__JWT__SECRET": "hunter2-" * 5}, None)
configure(config.logging, config.secrets)
logging.getLogger("roost.x").info("it is " + "hunter2-" * 5)
logging.getLogger("other").warning("plain")
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    ours, other = sorted(ran.stderr.splitlines(), reverse=True)
    assert json.loads(ours)["message"] == "it is ***"
    assert other == "plain"


class Stuck(io.StringIO):
    """A pipe whose reader has stopped reading, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        self.go_on.wait(30)
        return super().write(text)


@pytest.mark.anyio
async def test_a_log_that_nobody_reads_never_stops_the_loop_nor_grows(caplog: pytest.LogCaptureFixture) -> None:
    sink = Stuck()
    lines = Lines(sink, Mask(), console=False)
    logger = logging.Logger("stuck")
    logger.addHandler(lines)
    slowest = 0.0
    for number in range(20_000):
        began = time.perf_counter()
        logger.info("a line of some length: %s", "x" * 500, extra={"number": number})
        slowest = max(slowest, time.perf_counter() - began)
        if number % 1000 == 0:
            await asyncio.sleep(0)
    assert slowest < 0.5
    sink.go_on.set()
    await asyncio.to_thread(lines.flush)
    logger.info("afterwards")
    await asyncio.to_thread(lines.close)
    events = [json.loads(line) for line in sink.getvalue().split("\n")[:-1]]
    lost = [event for event in events if "were dropped" in event["message"]]
    assert len(lost) == 1
    kept = len(events) - 2
    assert lost[0]["message"].startswith(f"{20_000 - kept} log lines were dropped")
    assert len(sink.getvalue()) < 8 * 1024 * 1024
    assert events[-1]["message"] == "afterwards"


def test_a_sink_that_fails_does_not_end_the_log() -> None:
    class Failing(io.StringIO):
        failures = 3

        def write(self, text: str) -> int:
            if self.failures:
                self.failures -= 1
                raise OSError("no space")
            return super().write(text)

    sink = Failing()
    lines = Lines(sink, Mask(), console=False)
    logger = logging.Logger("failing")
    logger.addHandler(lines)
    for number in range(5):
        logger.info("line %d", number)
    lines.close()
    assert [json.loads(line)["message"] for line in sink.getvalue().splitlines()] == ["line 3", "line 4"]


def test_a_log_costs_one_thread_and_ends_with_it(written: Written) -> None:
    before = threading.active_count()
    written.begin()
    assert threading.active_count() == before + 1
    written.end()
    assert threading.active_count() == before


def test_the_log_adds_no_library_to_what_the_settings_load() -> None:
    code = "import sys; import host.config; a = set(sys.modules); import host.logs; print(*(set(sys.modules) - a))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    heavy = {"structlog", "rich", "pygments", "jwt", "cryptography"}
    assert not heavy & {name.split(".")[0] for name in loaded.stdout.split()}
    assert Config().logging.file is None
