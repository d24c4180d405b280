"""Servers that want to know who it is: the user is asked, once, and nobody else hears what they said."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from extensions.git.program import GitError
from extensions.git.signing import WANTED, SignIn, told
from shim.outputs import OutputChannel
from shim.proposed import processes
from shim.surface import Surface
from tests.extensions.git.test_git import User, users

pytestmark = pytest.mark.anyio

PASSWORD = "p%s 'w\"$HOME`id`"
SERVER = """
import base64, os, subprocess, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("Authorization") != "Basic " + WANTED:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        env = {**os.environ, "GIT_PROJECT_ROOT": "/home", "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
               "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_USER": "ada",
               "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(length)}
        if self.headers.get("Content-Encoding"):
            env["HTTP_CONTENT_ENCODING"] = self.headers["Content-Encoding"]
        done = subprocess.run(["git", "http-backend"], input=self.rfile.read(length), env=env, stdout=subprocess.PIPE)
        head, _, body = done.stdout.partition(b"\\r\\n\\r\\n")
        lines = [line.split(": ", 1) for line in head.decode().splitlines()]
        status = next((value for name, value in lines if name == "Status"), "200 OK")
        self.send_response(int(status[:3]))
        for name, value in lines:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@asynccontextmanager
async def served() -> AsyncIterator[tuple[User, str]]:
    """Ada, and the address of a server in her own sandbox that knows her by a password."""
    async with users("ada") as (ada,):
        with ada.session.entered("vscode.git"):
            await ada.sh("git clone -q --bare . ~/far.git && git -C ~/far.git config http.receivepack true")
            wanted = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
            server = await processes.start(["python3", "-c", SERVER.replace("WANTED", repr(wanted))])
            port = (await server.read()).decode().strip()
            assert port.isdecimal(), port
            yield ada, f"http://127.0.0.1:{port}"
            await server.kill()


async def test_a_server_that_asks_is_answered_by_the_user_once_and_nothing_is_written() -> None:
    async with served() as (ada, base):
        cloned = await ada.asked(ada.do("clone", f"{base}/far.git"), "ada", "wrong", "ada", PASSWORD)
        assert cloned == "/workspace/far"
        commit = "git -c user.name=Ada -c user.email=a@b.example commit -qm more --allow-empty"
        await ada.sh(f"cd far && {commit}")
        for command in ("push", "pull", "fetch"):
            await ada.do(command, "/workspace/far")  # known by now: nobody is asked
        assert await ada.sh("git -C ~/far.git log --format=%s -1 main") == "more\n"
        (channel,) = ada.session.get(Surface).all(OutputChannel)
        assert PASSWORD not in channel.read(0).text
        assert "wrong" not in channel.read(0).text
        found = await processes.run(["grep", "-rlF", "--", PASSWORD, "/workspace", "/home", "/tmp"])
        assert (found.exit_code, found.output) == (1, b"")


LOOK = """#!/bin/sh
cd /proc && for pid in [0-9]*; do
  [ $pid = self ] || { echo "== $pid"; tr '\\0' '\\n' <$pid/cmdline; tr '\\0' '\\n' <$pid/environ; ls -l $pid/fd; }
  timeout 1 cat $pid/fd/[3-9] </dev/null
done >/workspace/seen 2>&1
exit 0
"""


async def test_a_password_stands_in_nothing_that_can_be_read_of_gits_processes() -> None:
    async with served() as (ada, base):
        await ada.asked(ada.do("clone", f"{base}/far.git"), "ada", PASSWORD)
        await ada.write("look", LOOK)
        commit = "git -c user.name=Ada -c user.email=a@b.example commit -qm more --allow-empty"
        await ada.sh(f"install -m 755 look far/.git/hooks/pre-push && cd far && {commit}")
        await ada.do(
            "push", "/workspace/far"
        )  # the hook runs once git has signed in, while it still talks to the server
        seen = await ada.sh("cat seen")
        assert PASSWORD not in seen
        for there in ("git-remote-http", "ROOST_ASK=/", "credential.http://127.0.0.1", "pre-push"):
            assert there in seen, there
        assert await ada.sh("git -C ~/far.git log --format=%s -1 main") == "more\n"


async def test_git_tells_no_server_what_was_said_of_another() -> None:
    given = {"https://git.example": SignIn("ada", PASSWORD), "https://git.example:8443": SignIn("bob", "other")}
    question = b"action=get\ntimeout=900\nprotocol=https\nhost=%s\n"
    assert told(given, question % b"git.example") == f"username=ada\npassword={PASSWORD}\n".encode()
    assert told(given, question % b"git.example:8443") == b"username=bob\npassword=other\n"
    for other in (b"evil.example", b"git.example.evil.example", b"git.example\nhost=evil.example", b"", b"\xff"):
        assert told(given, question % other) == b""
    assert told(given, question.replace(b"https", b"http") % b"git.example") == b""
    assert told(given, b"") == b""


async def test_who_does_not_want_to_say_it_gets_gits_own_words() -> None:
    async with served() as (ada, base):
        with pytest.raises(GitError, match="could not read Username"):
            await ada.asked(ada.do("clone", f"{base}/far.git"), None)
        with pytest.raises(GitError, match="could not read Username"):
            await ada.asked(ada.do("clone", f"{base}/far.git"), "ada", None)
        with pytest.raises(GitError, match="Authentication failed"):
            await ada.asked(ada.do("clone", f"{base}/far.git"), *["ada", "wrong"] * 3)
        assert "far" not in await ada.sh("ls")


async def test_a_password_in_an_address_is_not_told() -> None:
    async with served() as (ada, base):
        address = base.replace("//", "//ada:secret-in-it@")
        with pytest.raises(GitError) as failed:
            await ada.asked(ada.do("clone", f"{address}/far.git"), None)
        (channel,) = ada.session.get(Surface).all(OutputChannel)
        for text in (str(failed.value), failed.value.said, channel.read(0).text):
            assert "secret-in-it" not in text


@pytest.mark.parametrize(
    ("said", "server", "name"),
    [
        ("fatal: could not read Username for 'https://git.example': terminal prompts disabled", "git.example", None),
        ("fatal: could not read Password for 'https://ada@git.example:8443': x", "git.example:8443", "ada"),
        ("fatal: Authentication failed for 'https://ada:x@git.example/a/b.git/'", "git.example", "ada"),
        ("fatal: Authentication failed for 'http://[::1]:80/a.git/'", "[::1]:80", None),
    ],
)
def test_the_server_is_found_in_what_git_says(said: str, server: str, name: str | None) -> None:
    found = WANTED.search(said)
    assert found is not None
    assert (found[3], found[2]) == (server, name)
