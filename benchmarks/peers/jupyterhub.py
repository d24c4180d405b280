"""JupyterHub as its quickstart installs it: a hub, a proxy, and a server of JupyterLab's for each user."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from subprocess import Popen

import httpx2
import websockets

from benchmarks import servers
from benchmarks.peers import FIRST, installing, place
from benchmarks.peers.place import Missing, Opening, Peer

TOKEN = "a-token-of-the-benchmark"
SIGNED = {"Authorization": f"token {TOKEN}"}

CONFIG = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = ["{node}/bin/node", "{chp}/bin/configurable-http-proxy"]
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.Spawner.cmd = ["{programs}/jupyterhub-singleuser"]
c.Spawner.args = ["--allow-root"]
c.SimpleLocalProcessSpawner.home_dir_template = "{home}/homes/{{username}}"
c.JupyterHub.services = [{{"name": "benchmark", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [
    {{"name": "benchmark", "scopes": ["admin:users", "admin:servers", "access:servers"], "services": ["benchmark"]}}
]
"""


def bring(folder: Path) -> str:
    """Both halves; the version of the hub."""
    installing.npm(folder, "configurable-http-proxy")
    return installing.pip(folder, "jupyterhub", "jupyterlab")


class Hub:
    """A hub that runs."""

    def __init__(self, process: Popen[bytes], http: httpx2.AsyncClient, port: int, stack: AsyncExitStack) -> None:
        self._process = process
        self._http = http
        self._port = port
        self._stack = stack
        self.ways: dict[str, Opening] = {FIRST: self.terminal}

    def pids(self) -> list[int]:
        return servers.below(self._process.pid)

    async def arrive(self, user: str) -> None:
        """Ask for their server and hear from the hub when it is ready."""
        at = f"/hub/api/users/{user}"
        (await self._http.post(at)).raise_for_status()
        (await self._http.post(f"{at}/server")).raise_for_status()
        async with self._http.stream("GET", f"{at}/server/progress") as told:
            async for line in told.aiter_lines():
                said = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                if said.get("failed"):
                    raise Missing(f"a user's server did not start: {said.get('message')}")
                if said.get("ready"):
                    break
        (await self._http.get(f"/user/{user}/api/status")).raise_for_status()

    async def terminal(self, user: str) -> None:
        made = await self._http.post(f"/user/{user}/api/terminals")
        name = made.raise_for_status().json()["name"]
        url = f"ws://127.0.0.1:{self._port}/user/{user}/terminals/websocket/{name}"
        socket = await self._stack.enter_async_context(websockets.connect(url, additional_headers=SIGNED, proxy=None))
        await place.prompt(place.by_terminado(socket))


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Hub]:
    """A hub of nobody."""
    node, home = installing.node(folder), folder / "home"
    chp = folder / "npm/lib/node_modules/configurable-http-proxy"
    port, hub, proxy = (place.free_port() for _ in range(3))
    shutil.rmtree(home, ignore_errors=True)
    (home / "homes").mkdir(parents=True)
    text = CONFIG.format(
        port=port, hub=hub, proxy=proxy, node=node, chp=chp, programs=folder / "bin", home=home, token=TOKEN
    )
    config = home / "jupyterhub_config.py"
    config.write_text(text)
    async with AsyncExitStack() as stack:
        command = [str(folder / "bin/jupyterhub"), f"--config={config}"]
        process = stack.enter_context(place.started(command, home, installing.with_node(node)))
        http = await stack.enter_async_context(place.client(f"http://127.0.0.1:{port}", SIGNED))
        await place.answers(http, "/hub/api/", process)
        yield Hub(process, http, port, stack)


PEER = Peer(
    "JupyterHub",
    "pip install jupyterhub jupyterlab, npm install -g configurable-http-proxy",
    "hub, proxy and a JupyterLab server a user (`SimpleLocalProcessSpawner`, no sandbox), nobody's page open; who can "
    "work has a server that is ready by the hub's word and answers through the proxy; memory of all of them together",
    bring,
    running,
)
