"""pip, npm and git install over https from inside a sandbox: through its relay and the egress proxy, TLS end to end.

The index is a server of the test with a certificate of the test; names are resolved by the test, and what is dialled
is that server.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import ssl
import subprocess
import tarfile
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509

from sessions.egress import CHUNK_BYTES, Egress, Streams
from sessions.sandbox import Sandbox
from tests.certificates import made, serving
from tests.sessions.sandboxes import HAS_BUBBLEWRAP, NO_BUBBLEWRAP, folder, sandbox

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_BUBBLEWRAP, reason=NO_BUBBLEWRAP)]

NAME, ADDRESS = "index.test", "93.184.216.34"


def certificate(place: Path) -> ssl.SSLContext:
    """A server's context for `NAME`; what must be trusted for it is written to `place`."""
    public, key = made(x509.DNSName(NAME))
    place.write_bytes(public)
    place.chmod(0o644)
    return serving(place, key)


def wheel() -> bytes:
    """A package `thing` 1.0 for pip."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("thing.py", "ANSWER = 'pip got it'\n")
        archive.writestr("thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr("thing-1.0.dist-info/WHEEL", tags)
        archive.writestr("thing-1.0.dist-info/RECORD", "thing.py,,\nthing-1.0.dist-info/METADATA,,\n")
    return made.getvalue()


def tarball() -> bytes:
    """A package `thing` 1.0.0 for npm."""
    made = io.BytesIO()
    files = {
        "package.json": json.dumps({"name": "thing", "version": "1.0.0", "main": "index.js"}).encode(),
        "index.js": b"module.exports = 'npm got it'\n",
    }
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def repository(place: Path) -> dict[str, bytes]:
    """The files of a git repository, as a plain web server has them."""
    script = (
        "git init -q -b main one && cd one && echo 'git got it' > f && git add f && "
        "git -c user.name=a -c user.email=a@b -c commit.gpgsign=false commit -q -m first && "
        "git clone -q --bare . ../two.git && git -C ../two.git update-server-info"
    )
    subprocess.run(["sh", "-c", script], cwd=place, check=True, capture_output=True)
    files = [path for path in (place / "two.git").rglob("*") if path.is_file()]
    return {f"/two.git/{path.relative_to(place / 'two.git')}": path.read_bytes() for path in files}


def index(place: Path) -> dict[str, bytes]:
    """Everything that the server has, by path."""
    packed = tarball()
    url = f"https://{NAME}/npm/thing/-/thing-1.0.0.tgz"
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
    version = {"name": "thing", "version": "1.0.0", "dist": {"tarball": url, "integrity": integrity}}
    about = {"name": "thing", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    return {
        "/simple/thing/": b'<!DOCTYPE html><a href="/files/thing-1.0-py3-none-any.whl">thing-1.0-py3-none-any.whl</a>',
        "/files/thing-1.0-py3-none-any.whl": wheel(),
        "/npm/thing": json.dumps(about).encode(),
        "/npm/thing/-/thing-1.0.0.tgz": packed,
        **repository(place),
    }


def kind(path: str) -> bytes:
    """The content type that clients look at."""
    return b"text/html" if path.endswith("/") else b"application/json" if path == "/npm/thing" else b"text/plain"


class Index:
    """The server: what it has, and what was asked of it."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        self.dialled: list[tuple[str, int]] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1].decode().partition("?")[0]
            self.asked.append(path)
            found = self.files.get(path)
            status, body = (b"404 Not Found", b"") if found is None else (b"200 OK", found)
            writer.write(b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                         % (status, kind(path), len(body)) + body)  # fmt: skip
            await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            writer.close()

    async def resolve(self, host: str, port: int) -> list[str]:
        return [ADDRESS] if host == NAME else []

    async def dial(self, address: str, port: int) -> Streams:
        self.dialled.append((address, port))
        return await asyncio.open_connection("127.0.0.1", self.port, limit=CHUNK_BYTES)


@asynccontextmanager
async def installing(place: Path) -> AsyncIterator[tuple[Sandbox, Index]]:
    """A user's sandbox whose way out leads to an index; what to trust is /workspace/ca.pem."""
    far = Index(await asyncio.to_thread(index, place))
    with folder() as data:
        gate = Egress([NAME], resolve=far.resolve, dial=far.dial, is_own=lambda address: False)
        async with sandbox(data, network="proxy", gate=gate) as alice:
            trusted = data / "users" / "alice" / "root" / "workspace" / "ca.pem"
            context = await asyncio.to_thread(certificate, trusted)
            server = await asyncio.start_server(far.serve, "127.0.0.1", 0, ssl=context)
            far.port = server.sockets[0].getsockname()[1]
            try:
                yield alice, far
            finally:
                server.close()
        gate.close()


PIP = f"v/bin/pip install -q --no-cache-dir --retries 0 --disable-pip-version-check -i https://{NAME}/simple thing"
INSTALLS = {
    "pip": (
        "python3 -m venv v",
        f"PIP_CERT=$PWD/ca.pem {PIP} && v/bin/python -c 'import thing; print(thing.ANSWER)'",
        PIP,
        "/files/thing-1.0-py3-none-any.whl",
    ),
    "npm": (
        "npm --version && npm init -y",
        f"npm install --cafile=$PWD/ca.pem --registry=https://{NAME}/npm/ --fetch-retries=0 --no-audit --no-fund thing "
        ">/dev/null && node -p 'require(\"thing\")'",
        f"npm install --registry=https://{NAME}/npm/ --fetch-retries=0 --no-audit thing",
        "/npm/thing/-/thing-1.0.0.tgz",
    ),
    "git": (
        "git --version",
        f"git -c http.sslCAInfo=$PWD/ca.pem clone -q https://{NAME}/two.git got && cat got/f",
        f"git clone -q https://{NAME}/two.git other",
        "/two.git/info/refs",
    ),
}
"""What to do before, what installs, the same without trust in the index, and what must have been fetched."""


@pytest.mark.parametrize("tool", INSTALLS)
async def test_a_tool_installs_over_tls_through_the_proxy(tool: str, tmp_path: Path) -> None:
    before, install, untrusted, fetched = INSTALLS[tool]
    async with installing(tmp_path) as (alice, far):
        if (await alice.run(["bash", "-c", before], timeout=50)).exit_code:
            pytest.skip(f"{tool} is not installed")
        refused = await alice.run(["bash", "-c", untrusted], timeout=50)
        assert refused.exit_code != 0 and far.asked == [], "the tool judges the far end, through the whole way"
        finished = await alice.run(["bash", "-c", install], timeout=50)
        assert finished.exit_code == 0, finished.output.decode()
        assert finished.output.decode().splitlines()[-1] == f"{tool} got it"
        assert fetched in far.asked
        assert set(far.dialled) == {(ADDRESS, 443)}
