"""Roost inside another app, as examples/embed_in_fastapi.py shows it: that app's process, login and address."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import fastapi
import httpx2 as httpx
import pytest
import websockets
from starlette.testclient import TestClient

from host.app import NotStarted, create_app
from host.config import load
from tests.client import ROOT, Client, Refused
from tests.screens import passable

pytestmark = pytest.mark.anyio

STARTED = "Uvicorn running on "


@pytest.fixture(scope="module")
def outer() -> Iterator[str]:
    """The example in a process of its own, as its docstring says to run it; where it listens. It must end well."""
    with passable() as folder, (folder / "log").open("wb") as out:
        environ = {name: value for name, value in os.environ.items() if name != "ROOST_DATA"}
        environ |= {"PORT": "0", "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, "examples/embed_in_fastapi.py"], env=environ, stdout=out, stderr=subprocess.PIPE, cwd=ROOT
        )
        assert process.stderr
        try:
            lines = iter(process.stderr.readline, b"")
            line = next((text for text in map(bytes.decode, lines) if STARTED in text), "")
            assert line, "the example did not start"
            yield line.partition(STARTED)[2].split()[0]
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=15)[1].decode()
            assert "Traceback" not in said, said
            assert "Application shutdown complete" in said
        finally:
            process.kill()
            process.communicate()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's users have OS users of their own")
async def test_terminals_are_to_be_had_in_the_folder_that_the_example_makes(outer: str) -> None:
    async with httpx.AsyncClient(base_url=outer) as http:
        assert (await http.get("/code/api/health")).json()["services"]["isolation"] != "none"


async def _login(outer: str, name: str) -> str:
    """The outer app's cookie of a person, as a header."""
    async with httpx.AsyncClient(base_url=outer) as http:
        answer = await http.get(f"/login/{name}")
        assert answer.status_code == 200
        return f"login={answer.cookies['login']}"


@asynccontextmanager
async def _socket(outer: str, name: str, cookie: str) -> AsyncIterator[Client]:
    url = outer.replace("http", "ws", 1) + "/code/ws"
    async with websockets.connect(url, additional_headers={"Cookie": cookie}) as socket:
        client = Client(socket, name)
        try:
            yield client
        finally:
            await client.close()


async def test_two_people_of_the_outer_app_work_side_by_side_and_see_only_their_own(outer: str) -> None:
    async with (
        _socket(outer, "ada", await _login(outer, "ada")) as ada,
        _socket(outer, "grace", await _login(outer, "grace")) as grace,
    ):
        for client in (ada, grace):
            assert (await client.call("session.open"))["uid"] == client.uid
            await client.call("workspace.fs.writeFile", uri="/workspace/same.txt", content=f"of {client.uid}")
            await client.call("workspace.fs.writeFile", uri=f"/workspace/{client.uid}.txt", content="")
            await client.call("state.update", scope="global", key="me", value=client.uid)
        for client in (ada, grace):
            names = {name for name, _ in await client.call("workspace.fs.readDirectory", uri="/workspace")}
            assert names == {"same.txt", f"{client.uid}.txt"}
            assert (await client.call("workspace.fs.readFile", uri="/workspace/same.txt"))[
                "content"
            ] == f"of {client.uid}"
            assert await client.call("state.get", scope="global", key="me") == client.uid


async def test_a_person_of_the_outer_app_cannot_speak_for_another(outer: str) -> None:
    async with _socket(outer, "ada", await _login(outer, "ada")) as client:
        client.uid = "grace"
        with pytest.raises(Refused) as refused:
            await client.call("state.keys", scope="global")
        assert refused.value.code == -32003


async def test_the_mounted_host_answers_under_its_path(outer: str) -> None:
    async with httpx.AsyncClient(base_url=outer) as http:
        health = await http.get("/code/api/health")
        assert (health.status_code, health.json()["status"]) == (200, "ok")
        docs = await http.get("/code/docs")
        assert docs.status_code == 200
        assert "text/html" in docs.headers["content-type"]
        assert "/code/docs" in (await http.get("/")).json()["then"]
        assert (await http.get("/api/health")).status_code == 404


async def test_only_who_logged_in_may_ask_over_http(outer: str) -> None:
    cookie = await _login(outer, "ada")
    async with httpx.AsyncClient(base_url=outer) as http:
        refused = await http.get("/code/api/v1/config")
        assert refused.status_code == 401
        assert refused.headers["content-type"] == "application/problem+json"
        assert (await http.get("/code/api/v1/config?uid=ada")).status_code == 401
        assert (await http.get("/code/api/v1/config", headers={"Cookie": "login=guess"})).status_code == 401
        assert (await http.get("/code/api/v1/config", headers={"Cookie": cookie})).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Cookie": "login=guess"}])
async def test_a_socket_without_a_login_is_closed_with_4401(outer: str, headers: dict[str, str]) -> None:
    url = outer.replace("http", "ws", 1) + "/code/ws?uid=ada"
    async with asyncio.timeout(20), websockets.connect(url, additional_headers=headers) as socket:
        await socket.wait_closed()
        assert socket.close_code == 4401


def test_a_host_that_was_mounted_but_not_started_says_what_to_do(tmp_path: Path) -> None:
    app = fastapi.FastAPI()
    app.mount("/code", create_app(load({"multi_user": True, "data": tmp_path}, {}), authenticate=lambda _: None))
    with TestClient(app) as client, pytest.raises(NotStarted, match="async with host"):
        client.get("/code/api/health")
