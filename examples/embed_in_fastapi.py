"""Roost inside another app: FastAPI owns the process, the login and the address; Roost is mounted under /code.

    .venv/bin/pip install fastapi && .venv/bin/python examples/embed_in_fastapi.py    # then open http://127.0.0.1:8000

Two things matter: `async with host` in the outer lifespan (a mounted app's own lifespan does not run), and
`authenticate`, which tells Roost who a request or a socket belongs to. Here that is whoever the outer app's own
cookie names; a real app looks into its session store.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI, HTTPException, Response
from starlette.requests import HTTPConnection

from host.app import create_app
from host.auth import User
from host.config import load

PEOPLE = {"ada", "grace"}
logins: dict[str, str] = {}
"""The outer app's own: a cookie's value -> a person."""


def who(connection: HTTPConnection) -> User | None:
    """The outer app's word on who asks; None is refused with 401, or 4401 on a socket."""
    person = logins.get(connection.cookies.get("login", ""))
    return User(person, frozenset()) if person else None


data = Path(os.environ.get("ROOST_DATA") or tempfile.mkdtemp(prefix="roost-"))
if "ROOST_DATA" not in os.environ:
    data.chmod(0o711)  # where this runs as root each user's shells are an OS user's of their own, who must pass it
roost = create_app(load({"multi_user": True, "data": data}, {}), authenticate=who)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with roost:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def home() -> dict[str, str]:
    return {
        "log in": "/login/ada or /login/grace",
        "then": "/code/ is the page, /code/docs the reference, /code/ws the socket",
    }


@app.get("/login/{name}")
def log_in(name: str, response: Response) -> dict[str, str]:
    """A real app asks for a password here."""
    if name not in PEOPLE:
        raise HTTPException(404, "nobody has this name")
    cookie = secrets.token_urlsafe()
    logins[cookie] = name
    response.set_cookie("login", cookie, httponly=True, samesite="strict")
    return {"hello": name}


app.mount("/code", roost)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")), ws="websockets-sansio")
