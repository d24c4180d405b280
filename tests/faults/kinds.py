"""What is written while a host is killed, kind by kind: how one write is acknowledged, and what is there afterwards.

`put(client, key, number)` returns once the write is acknowledged; `get(client, keys)` is the highest number that is
there of each key, 0 where there is none, and fails where something is half there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

import httpx2

from tests.client import Client, Refused, connect

KEYS = 9
"""Each writer goes round so many names, so that what it wrote last of each is what must be there."""

SCRIPT = {"rules": [{"text": "Done."}]}
"""What the demo model answers: one word, after which a task has ended."""


class Kind(NamedTuple):
    put: Callable[[Client, str, int], Awaitable[None]]
    get: Callable[[Client, Iterable[str]], Awaitable[dict[str, int]]]


def each(get: Callable[[Client, str], Awaitable[int]]) -> Callable[[Client, Iterable[str]], Awaitable[dict[str, int]]]:
    """Of every key, looked for one by one."""

    async def found(client: Client, keys: Iterable[str]) -> dict[str, int]:
        return {key: await get(client, key) for key in keys}

    return found


async def web(client: Client, verb: str, path: str, **more: Any) -> httpx2.Response:
    """One HTTP request of the client's user; it raises what a call on the socket does."""
    host, port = client.socket.remote_address[:2]
    params = {"uid": client.uid, **more.pop("params", {})}
    try:
        async with httpx2.AsyncClient(base_url=f"http://{host}:{port}", timeout=20) as http:
            answer = await http.request(verb, path, params=params, **more)
    except httpx2.TransportError as error:
        raise ConnectionError("the host is gone") from error
    if not answer.is_success:
        problem = answer.json()
        raise Refused({"code": answer.status_code, "message": problem["detail"], "data": problem})
    return answer


async def text_of(client: Client, uri: str) -> str:
    """A file, '' where there is none."""
    try:
        return str((await client.call("workspace.fs.readFile", uri=uri))["content"])
    except Refused as error:
        if error.data.get("code") != "FileNotFound":
            raise
        return ""


# -- state, secrets, settings


async def put_state(client: Client, key: str, number: int) -> None:
    await client.call("state.update", scope="workspace", key=key, value={"number": number, "filling": "x" * number})


async def state_of(client: Client, key: str) -> int:
    value = await client.call("state.get", scope="workspace", key=key, default={"number": 0, "filling": ""})
    assert value["filling"] == "x" * value["number"], "a value is half there"
    return int(value["number"])


async def put_secret(client: Client, key: str, number: int) -> None:
    """A new one each time, as their values are never told; the one before it is taken away."""
    await client.call("secrets.store", key=f"{key}-{number}", value="x" * 100)
    for old in await client.call("secrets.keys"):
        if old.startswith(f"{key}-") and old != f"{key}-{number}":
            await client.call("secrets.delete", key=old)


async def secret_of(client: Client, key: str) -> int:
    return newest(key, await client.call("secrets.keys"))


def newest(key: str, names: list[str]) -> int:
    return max((int(name.split("-")[1]) for name in names if name.startswith(f"{key}-")), default=0)


async def put_setting(client: Client, key: str, number: int) -> None:
    await client.call("workspace.updateConfiguration", key=f"mine.{key}", value=number, target="global")


async def setting_of(client: Client, key: str) -> int:
    return int(await client.call("workspace.getConfiguration", section=f"mine.{key}") or 0)


async def put_provider(client: Client, key: str, number: int) -> None:
    """With a sealed key, and never asked."""
    body = {"kind": "openai", "apiKey": "sk-none", "baseUrl": "http://127.0.0.1:9", "models": [f"m{number}"]}
    await web(client, "PUT", f"/api/v1/config/providers/{key}", json=body)


async def provider_of(client: Client, key: str) -> int:
    shown = (await web(client, "GET", "/api/v1/config/providers")).json()["providers"]
    for provider in shown:
        if provider["id"] == key:
            assert provider["apiKey"] == "***", "a provider without its key"
            return int(provider["models"][0].removeprefix("m"))
    return 0


# -- files and documents


async def put_file(client: Client, key: str, number: int) -> None:
    await client.call("workspace.fs.writeFile", uri=f"/workspace/{key}", content=f"{number}\n" * 3_000)


async def upload(client: Client, key: str, number: int) -> None:
    """Streamed over HTTP, as files of any size are."""
    await web(client, "PUT", "/api/v1/files", params={"path": f"/workspace/{key}"}, content=b"%d\n" % number * 3_000)


async def file_of(client: Client, key: str) -> int:
    lines = (await text_of(client, f"/workspace/{key}")).split()
    assert (len(lines), len(set(lines))) in ((3_000, 1), (0, 0)), "a file is half there"
    return int(lines[0]) if lines else 0


async def edit(client: Client, key: str, number: int) -> str:
    """Replace the text of a document by the number; its URI."""
    uri = f"/workspace/{key}.md"
    if not await text_of(client, uri):
        await client.call("workspace.fs.writeFile", uri=uri, content="0")
    text = (await client.call("workspace.openTextDocument", uri=uri))["text"]
    end = {"line": 0, "character": len(text)}
    change = {"uri": uri, "range": {"start": {"line": 0, "character": 0}, "end": end}, "newText": str(number)}
    assert (await client.call("workspace.applyEdit", edits=[change]))["applied"]
    return uri


async def put_document(client: Client, key: str, number: int) -> None:
    uri = await edit(client, key, number)
    assert (await client.call("workspace.saveDocument", uri=uri))["saved"]


async def document_of(client: Client, key: str) -> int:
    return int(await text_of(client, f"/workspace/{key}.md") or 0)


async def put_unsaved(client: Client, key: str, number: int) -> None:
    await edit(client, key, number)


async def unsaved_of(client: Client, key: str) -> int:
    """The document is open without anybody's opening it, and its file is as it was."""
    saved = await text_of(client, f"/workspace/{key}.md")
    if not saved:
        return 0
    assert saved == "0", "it was never saved"
    listed = {one["uri"]: one["isDirty"] for one in await client.call("workspace.textDocuments")}
    opened = await client.call("workspace.openTextDocument", uri=f"/workspace/{key}.md")
    assert listed.get(opened["uri"], False) == (opened["text"] != "0")
    return int(opened["text"])


# -- what the host notes by itself


async def put_event(client: Client, key: str, number: int) -> None:
    await client.call("commands.executeCommand", command="siren.say", arguments=[{"key": key, "number": number}])


async def events_of(client: Client, keys: Iterable[str]) -> dict[str, int]:
    """Among all events that are told again to who was away."""
    last = (await client.call("session.open", after=0))["seq"]
    marker = {"key": "", "number": 0}
    end = await client.call("commands.executeCommand", command="siren.say", arguments=[marker])
    assert end > last, "a number was given twice"
    found = dict.fromkeys(keys, 0)
    while (event := (await client.next())["params"])["seq"] < end:
        if event["type"] == "siren.said" and (key := event["data"]["key"]) in found:
            assert event["data"]["number"] >= found[key], "the events came in another order"
            found[key] = event["data"]["number"]
    return found


async def put_call(client: Client, key: str, number: int) -> None:
    await scripted(client, number)
    await client.call("lm.sendRequest", model="demo/scripted", messages=[{"role": "user", "content": "hello"}])


async def calls(client: Client, keys: Iterable[str]) -> dict[str, int]:
    """How many were counted, whatever key they had."""
    return dict.fromkeys(keys, int((await web(client, "GET", "/api/v1/usage")).json()["calls"]))


async def scripted(client: Client, number: int) -> None:
    if number == 1:
        await client.call("workspace.updateConfiguration", key="demo.script", value=SCRIPT, target="global")


async def put_task(client: Client, key: str, number: int) -> None:
    """A task of the agent, which then runs; those before it are broken off where they still do, and removed."""
    await scripted(client, number)
    old = await tasks(client, key)
    await web(client, "POST", "/api/v1/tasks", json={"message": f"{key}-{number}"})
    for _, task in old:
        while (await web(client, "DELETE", f"/api/v1/tasks/{task}")).status_code != 204:
            pass


async def tasks(client: Client, key: str) -> list[tuple[str, str]]:
    """Titles and ids."""
    listed = (await web(client, "GET", "/api/v1/tasks")).json()["tasks"]
    return [(one["title"], one["taskId"]) for one in listed if one["title"].startswith(f"{key}-")]


async def task_of(client: Client, key: str) -> int:
    return newest(key, [title for title, _ in await tasks(client, key)])


KINDS = {
    "state": Kind(put_state, each(state_of)),
    "files": Kind(put_file, each(file_of)),
    "secrets": Kind(put_secret, each(secret_of)),
    "documents": Kind(put_document, each(document_of)),
    "unsaved": Kind(put_unsaved, each(unsaved_of)),
    "settings": Kind(put_setting, each(setting_of)),
    "uploads": Kind(upload, each(file_of)),
    "providers": Kind(put_provider, each(provider_of)),
    "events": Kind(put_event, events_of),
    "usage": Kind(put_call, calls),
    "tasks": Kind(put_task, each(task_of)),
}


async def put_on(client: Client, kind: Kind, kept: dict[str, int], most: int) -> Refused | None:
    """So many writes; the refusal that came before their end, if one did."""
    first = max(kept.values(), default=0)
    for number in range(first + 1, first + most + 1):
        key = f"k{number % KEYS}"
        try:
            await kind.put(client, key, number)
        except Refused as error:
            return error
        kept[key] = number
    return None


async def none_is_lost(base: str, kept: dict[str, dict[str, int]]) -> None:
    """Look for all that was acknowledged; what is there may not go back from now on."""
    for name, acknowledged in kept.items():
        async with connect(base, name) as client:
            there = await KINDS[name].get(client, acknowledged)
            lost = [key for key, number in acknowledged.items() if there[key] < number]
            assert not lost, f"{name}: an acknowledged write is lost"
            acknowledged.update(there)
