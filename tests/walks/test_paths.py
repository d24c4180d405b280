"""Hundreds of paths and URIs that mean harm, over the socket: nothing outside one's own world is read or changed."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.client import Client, Process, Refused, connect

pytestmark = pytest.mark.anyio

CANARY = "CANARY-of-somebody-else"
FILE_CODES = {
    "FileNotFound",
    "FileExists",
    "FileNotADirectory",
    "FileIsADirectory",
    "NoPermissions",
    "Unavailable",
    "NoSpace",
}

UPS = [
    "..", "../", "./..", "..//", "..../", "...", "..;", "..\\", "..%2f", "..%5c", "%2e%2e", "%2e%2e%2f", "%2E%2E/",
    "%252e%252e",
    ".%2e", "%c0%ae%c0%ae", "%uff0e%uff0e", "\u2024\u2024", "\uff0e\uff0e", "\u2025", "..\u200b", "\u202e..", "..\t",
    "..\n",
    " ..", ".. ", "~", "~root", "$HOME", "${HOME}", "`id`", "$(id)", "*", "?", "{..,.}", "[.][.]", "..:", "..?",
    "..#", "C:\\",
]  # fmt: skip
TARGETS = ["etc/passwd", "outside/secret", "{bob}/root/workspace/secret", "state.db", "lock", "users"]


def attacks(bob: str, data: Path) -> list[str]:
    """Paths that lead out wherever a check is naive."""
    tails = [one.format(bob=bob) for one in TARGETS]
    paths = [f"/workspace/{up}/{tail}" for up, tail in product(UPS, tails)]
    paths += [f"/{'../' * depth}{tail}" for depth, tail in product((1, 2, 3, 5, 12), tails)]
    paths += [f"/workspace/{'../' * depth}{tail}" for depth, tail in product((1, 2, 3, 5, 12), tails)]
    paths += [f"{data}/users/{bob}/root/workspace/secret", f"/workspace/{data}/users", f"/{bob}/root/workspace/secret"]
    paths += [
        "/etc/passwd",
        "//etc/passwd",
        "///etc/passwd",
        "/./etc/passwd",
        "/proc/self/environ",
        "/proc/self/root/etc/passwd",
    ]
    paths += [
        "/proc/self/fd/0",
        "/proc/self/fd/9",
        "/dev/fd/3",
        "/dev/stdin",
        "/proc/1/root/etc/passwd",
        "/sys/kernel",
        "/dev/mem",
    ]
    paths += [
        "/workspace/.",
        "/workspace/..",
        "/workspace/../..",
        "/..",
        "/.",
        "//",
        "/...",
        "/workspace/...",
        "/workspace/ ",
    ]
    paths += [
        "/workspace/" + "a/" * 2_000,
        "/workspace/" + "../" * 2_000 + "etc/passwd",
        "/" + "./" * 3_000 + "etc/passwd",
    ]
    return paths


def spellings(path: str) -> list[str]:
    """The path itself, and the URIs that might be read as it."""
    return [path, "file://" + quote(path, safe="/"), "file://" + quote(path, safe="/%.;:\\")]


def folder_of(host: Process, uid: str) -> Path:
    return host.log.with_suffix("") / "users" / uid / "root"


def everything_but(data: Path, uid: str) -> dict[str, tuple[int, int, int]]:
    """What is on the host's disk but not the user's: kind, size and inode by path. Databases move of themselves."""
    found = {}
    for folder, folders, files in os.walk(data):
        if Path(folder) == data / "users":
            folders[:] = [one for one in folders if one == f"bob-of-{uid}"]
        for name in [*folders, *files]:
            facts = os.lstat(os.path.join(folder, name))
            if not name.startswith("state.db"):
                kind = stat.S_IFMT(facts.st_mode)
                found[os.path.join(folder, name)] = (kind, facts.st_size * stat.S_ISREG(kind), facts.st_ino)
    return found


def judge(answer: dict[str, Any], host: Process, said: object) -> None:
    """An answer to an attack is a result without a canary, or an error by its name and without our folders."""
    text = json.dumps(answer)
    assert CANARY not in text, said
    assert "root:x:" not in text, said
    error = answer.get("error")
    if error is not None:
        assert error["code"] in (-32602, -32010), (said, error)
        assert error["code"] == -32602 or error["data"]["code"] in FILE_CODES, (said, error)
        assert "Traceback" not in text
        assert str(host.log.parent) not in error["message"].replace(str(said), "") or str(host.log.parent) in str(said)


async def neighbour(base: str, uid: str) -> str:
    """Another user with a secret, whose name begins as the one's does."""
    bob = f"bob-of-{uid}"
    async with connect(base, bob) as client:
        await client.call("workspace.fs.writeFile", uri="/workspace/secret", content=CANARY)
    return bob


@pytest.mark.parametrize("method", ["stat", "readFile", "readDirectory", "delete"])
async def test_no_path_reads_or_removes_what_is_outside(process: Process, alice: str, method: str) -> None:
    data = process.log.with_suffix("")
    bob = await neighbour(process.base, alice)
    (data.parent / "outside").mkdir(exist_ok=True)
    (data.parent / "outside" / "secret").write_text(CANARY)
    async with connect(process.base, alice) as client:
        await client.call("workspace.fs.writeFile", uri="/workspace/mine", content="mine")
        before = everything_but(data, alice)
        uris = [uri for path in attacks(bob, data) for uri in spellings(path)]
        assert len(uris) > 900
        for start in range(0, len(uris), 200):
            part = uris[start : start + 200]
            answers = await asyncio.gather(*(client.ask(f"workspace.fs.{method}", {"uri": uri}) for uri in part))
            for uri, answer in zip(part, answers, strict=True):
                judge(answer, process, uri)
        assert (await client.call("workspace.fs.readFile", uri="/workspace/mine"))["content"] == "mine"
        assert everything_but(data, alice) == before
        assert (data.parent / "outside" / "secret").read_text() == CANARY


async def test_no_path_writes_outside(process: Process, alice: str) -> None:
    data = process.log.with_suffix("")
    bob = await neighbour(process.base, alice)
    async with connect(process.base, alice) as client:
        await client.call("workspace.fs.writeFile", uri="/workspace/mine", content="mine")
        before = everything_but(data, alice)
        calls: list[tuple[str, dict[str, Any]]] = []
        for number, path in enumerate(one for one in attacks(bob, data) if "a/a/a/" not in one):  # too deep to clean
            uri = spellings(path)[number % 3]
            calls += [("writeFile", {"uri": uri, "content": "planted"}), ("createDirectory", {"uri": uri})][
                number % 2 :
            ][:1]
            calls += [("copy", {"source": uri, "target": "/workspace/loot", "overwrite": True})]
            calls += [("rename", {"source": uri, "target": "/workspace/loot", "overwrite": True})]
            calls += [
                ("rename", {"source": "/workspace/mine", "target": uri}),
                ("copy", {"source": "/tmp", "target": uri}),
            ][number % 2 :][:1]
        for start in range(0, len(calls), 100):
            part = calls[start : start + 100]
            answers = await asyncio.gather(*(client.ask(f"workspace.fs.{name}", params) for name, params in part))
            for call, answer in zip(part, answers, strict=True):
                judge(answer, process, call)
        assert everything_but(data, alice) == before
        assert sorted(os.listdir(folder_of(process, alice))) == ["home", "tmp", "workspace"]
        assert {one[0] for one in await client.call("workspace.fs.readDirectory", uri="/")} == {
            "home",
            "tmp",
            "workspace",
        }
        assert (await client.ask("session.ping"))["result"]


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("", -32602), ("a", -32602), ("./a", -32602), ("workspace/a", -32602), ("\\workspace", -32602),
        ("C:/a", -32602),
        ("file:", -32602), ("file:a", -32602), ("file:workspace/a", -32602), ("file://workspace/a", -32602),
        ("file://localhost/workspace/a", -32602), ("file://127.0.0.1/workspace/a", -32602),
        ("file://@/workspace/a", -32602),
        ("file://:80/workspace/a", -32602), ("file:///workspace/a?x", -32602), ("file:///workspace/a#x", -32602),
        ("file:///workspace/a%00", -32602), ("/workspace/a\0", -32602), ("/workspace/a\0/../b", -32602),
        ("\0", -32602),
        ("http://x/workspace/a", -32602), ("https:///workspace/a", -32602), ("untitled:a", -32602),
        ("vscode-remote:/a", -32602),
        ("data:,x", -32602), ("javascript:1", -32602), ("files:///a", -32602), ("file ///a", -32602),
        (" /workspace/a", -32602),
        ("\n/workspace/a", -32602), ("/workspace/" + "x" * 256, -32602), ("/workspace/" + "\u00e9" * 128, -32602),
        ("file:///workspace/" + "%C3%A9" * 128, -32602), ("/workspace/" + "x" * 256 + "/y", -32602),
        ("file:///workspace/%ff%fe", None), ("file:///workspace/%zz", None), ("file:///workspace/%", None),
        ("FILE:///workspace/a", None), ("file:/workspace/a", None), ("file:////workspace/a", None),
        ("//workspace/a", None),
    ],
)  # fmt: skip
async def test_what_is_no_path_and_no_file_uri_is_refused(
    process: Process, alice: str, uri: str, code: int | None
) -> None:
    async with connect(process.base, alice) as client:
        await client.call("workspace.fs.createDirectory", uri="/workspace/sub")
        before = await client.call("workspace.fs.readDirectory", uri="/workspace")
        for method in ("stat", "readFile", "readDirectory", "delete", "createDirectory", "writeFile"):
            params = {"uri": uri, "content": "x"} if method == "writeFile" else {"uri": uri}
            answer = await client.ask(f"workspace.fs.{method}", params)
            judge(answer, process, uri)
            assert code is None or answer["error"]["code"] == code, (method, answer)
            assert code is None or "uri" in answer["error"]["message"]
        if code is not None:
            assert await client.call("workspace.fs.readDirectory", uri="/workspace") == before


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("/workspace//x", "x"), ("//workspace///x", "x"), ("/workspace/./x", "x"), ("/./workspace/x", "x"),
        ("/workspace/../workspace/x", "x"), ("/../../workspace/x", "x"), ("/workspace/../../../workspace/x", "x"),
        ("file:///workspace/x", "x"), ("file:///workspace//x", "x"), ("file:///workspace/%78", "x"),
        ("file:///%77orkspace/x", "x"),
        ("file:///../workspace/x", "x"), ("file:///workspace/a%20b", "a b"), ("/workspace/a b", "a b"),
        ("/workspace/a%20b", "a%20b"),
        ("file:///workspace/a%2520b", "a%20b"), ("/workspace/~", "~"), ("/workspace/$HOME", "$HOME"),
        ("/workspace/*", "*"),
        ("/workspace/a?b#c", "a?b#c"), ("file:///workspace/a%3Fb%23c", "a?b#c"), ("/workspace/a\\b", "a\\b"),
        ("/workspace/%2e%2e", "%2e%2e"), ("/workspace/\u00e9", "\u00e9"), ("/workspace/e\u0301", "e\u0301"),
        ("/workspace/" + "x" * 255, "x" * 255), ("/workspace/\u202ecod.exe", "\u202ecod.exe"),
        ("/workspace/-rf", "-rf"),
        ("/workspace/a\nb", "a\nb"), ("/workspace/ ", " "), ("/workspace/...", "..."), ("/workspace/..a", "..a"),
    ],
)  # fmt: skip
async def test_a_path_is_taken_byte_for_byte_and_a_uri_is_decoded_once(
    process: Process, alice: str, uri: str, name: str
) -> None:
    async with connect(process.base, alice) as client:
        await client.call("workspace.fs.writeFile", uri=uri, content="here")
        assert (folder_of(process, alice) / "workspace" / name).read_text() == "here"
        assert [one[0] for one in await client.call("workspace.fs.readDirectory", uri="/workspace")] == [name]
        assert (await client.call("workspace.fs.readFile", uri=uri))["content"] == "here"
        await client.call("workspace.fs.delete", uri=uri)
        assert os.listdir(folder_of(process, alice) / "workspace") == []


async def refusal(client: Client, method: str, **params: Any) -> str:
    """The file system's code of a call that must fail."""
    with pytest.raises(Refused) as caught:
        await client.call(f"workspace.fs.{method}", **params)
    assert caught.value.code == -32010, caught.value
    return str(caught.value.data["code"])


async def test_the_root_holds_three_folders_and_is_read_only(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        assert sorted(await client.call("workspace.fs.readDirectory", uri="/")) == [
            ["home", 2],
            ["tmp", 2],
            ["workspace", 2],
        ]
        for uri in ("/x", "/../x", "/x/y", "/etc"):
            assert await refusal(client, "writeFile", uri=uri, content="x") == "NoPermissions"
            assert await refusal(client, "createDirectory", uri=uri) == "NoPermissions"
        for folder in ("/", "/workspace", "/home", "/tmp", "/workspace/", "/workspace/.", "/workspace/../home"):
            answer = await client.ask("workspace.fs.delete", {"uri": folder, "recursive": True})
            assert answer["error"]["code"] in (-32010, -32602), folder
            answer = await client.ask("workspace.fs.writeFile", {"uri": folder, "content": "x"})
            assert answer["error"]["code"] in (-32010, -32602), folder
            await client.ask(
                "workspace.fs.rename", {"source": folder, "target": "/workspace/sub/moved", "overwrite": True}
            )
        assert sorted(await client.call("workspace.fs.readDirectory", uri="/")) == [
            ["home", 2],
            ["tmp", 2],
            ["workspace", 2],
        ]
        assert await client.call("workspace.fs.readDirectory", uri="/workspace") == []


async def test_a_trailing_slash_names_a_directory(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await client.call("workspace.fs.writeFile", uri="/workspace/file", content="x")
        assert (await client.call("workspace.fs.stat", uri="/workspace/"))["type"] == 2
        assert await refusal(client, "readFile", uri="/workspace/file/x") in ("FileNotADirectory", "FileNotFound")
        for method in ("stat", "readFile", "readDirectory"):
            answer = await client.ask(f"workspace.fs.{method}", {"uri": "/workspace/file/"})
            assert "error" not in answer or answer["error"]["data"]["code"] in ("FileNotADirectory", "FileNotFound")
        assert await refusal(client, "readDirectory", uri="/workspace/file") == "FileNotADirectory"
        assert await refusal(client, "readFile", uri="/workspace") == "FileIsADirectory"


LINKS = {
    "passwd": "/etc/passwd", "climb": "../../../../../../../etc/passwd", "outside": "{outside}/secret",
    "folder": "{outside}",
    "rel": "../../../../../outside/secret", "bob": "../../../{bob}/root/workspace/secret", "db": "../../state.db",
    "users": "../../..", "root": "/", "proc": "/proc/self/root/etc/passwd", "cwd": "/proc/self/cwd",
    "fd": "/proc/self/fd/0",
    "loop": "loop", "ping": "pong", "pong": "ping", "deep": "folder/../secret",
    "long": "/" + "../" * 1_000 + "etc/passwd",
    "python": "/usr/bin/python3", "data": "{data}", "mine": "/workspace/real", "near": "real",
    "away": "../home/real", "dir": "/workspace/sub",
}  # fmt: skip


@pytest.fixture
def linked(process: Process, alice: str) -> Iterator[dict[str, str]]:
    """Links in alice's workspace as her shell would make them."""
    data = process.log.with_suffix("")
    outside = data.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "secret").write_text(CANARY)
    workspace = folder_of(process, alice) / "workspace"
    workspace.mkdir(parents=True)
    made = {name: to.format(outside=outside, bob=f"bob-of-{alice}", data=data) for name, to in LINKS.items()}
    for name, to in made.items():
        (workspace / name).symlink_to(to)
    (workspace / "sub").mkdir()
    (workspace / "real").write_text("mine")
    (workspace.parent / "home").mkdir(exist_ok=True)
    (workspace.parent / "home" / "real").write_text("mine")
    yield made
    assert (outside / "secret").read_text() == CANARY


INSIDE = ("mine", "near", "away", "dir", "root", "users")


async def test_a_link_means_what_it_means_under_ones_own_root(
    process: Process, alice: str, linked: dict[str, str]
) -> None:
    await neighbour(process.base, alice)
    data = process.log.with_suffix("")
    async with connect(process.base, alice) as client:
        await client.call("session.open")
        before = everything_but(data, alice)
        listed = dict(await client.call("workspace.fs.readDirectory", uri="/workspace"))
        assert all(listed[name] & 64 for name in linked)
        for name in ("mine", "near", "away"):
            assert (await client.call("workspace.fs.readFile", uri=f"/workspace/{name}"))["content"] == "mine"
            assert (await client.call("workspace.fs.stat", uri=f"/workspace/{name}"))["type"] == 65
        assert dict(await client.call("workspace.fs.readDirectory", uri="/workspace/root")).keys() == {
            "home",
            "tmp",
            "workspace",
        }
        for name in linked:
            for tail in ("", "/", "/secret", "/../secret", "/x/y", "/etc/passwd", "/state.db"):
                for method in ("stat", "readFile", "readDirectory"):
                    judge(
                        await client.ask(f"workspace.fs.{method}", {"uri": f"/workspace/{name}{tail}"}),
                        process,
                        (name, tail),
                    )
        for name in ("loop", "ping"):
            assert await refusal(client, "readFile", uri=f"/workspace/{name}") == "NoPermissions"
            assert await refusal(client, "readFile", uri=f"/workspace/{name}/x") == "NoPermissions"
        for name in ("passwd", "outside", "python", "proc", "db", "bob"):
            assert await refusal(client, "readFile", uri=f"/workspace/{name}") == "FileNotFound", name
        assert everything_but(data, alice) == before


async def test_writing_through_links_stays_inside_too(process: Process, alice: str, linked: dict[str, str]) -> None:
    await neighbour(process.base, alice)
    data = process.log.with_suffix("")
    workspace = folder_of(process, alice) / "workspace"
    (workspace / "real").chmod(0o751)
    async with connect(process.base, alice) as client:
        await client.call("session.open")
        before = everything_but(data, alice)
        await client.call("workspace.fs.writeFile", uri="/workspace/mine", content="new")
        assert (workspace / "real").read_text() == "new"
        assert stat.S_IMODE((workspace / "real").stat().st_mode) == 0o751
        assert (workspace / "mine").is_symlink()
        for name in linked:
            for tail in ("", "/planted", "/../planted", "/secret", "/workspace/secret"):
                uri = f"/workspace/{name}{tail}"
                judge(await client.ask("workspace.fs.writeFile", {"uri": uri, "content": "planted"}), process, uri)
                judge(await client.ask("workspace.fs.createDirectory", {"uri": f"{uri}-folder"}), process, uri)
                copy = {"source": uri, "target": "/tmp/loot", "overwrite": True}
                judge(await client.ask("workspace.fs.copy", copy), process, uri)
                judge(await client.ask("workspace.fs.rename", {"source": "/tmp/loot", "target": uri}), process, uri)
        loot = [one for one in folder_of(process, alice).rglob("*") if one.is_file() and not one.is_symlink()]
        assert all(CANARY not in one.read_text() for one in loot)
        assert everything_but(data, alice) == before
        for name in linked:
            await client.ask("workspace.fs.delete", {"uri": f"/workspace/{name}", "recursive": True})
        assert everything_but(data, alice) == before
        assert sorted(os.listdir(folder_of(process, alice))) == ["home", "tmp", "workspace"]


async def test_what_is_neither_file_nor_folder_is_never_opened(process: Process, alice: str) -> None:
    workspace = folder_of(process, alice) / "workspace"
    workspace.mkdir(parents=True)
    os.mkfifo(workspace / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(workspace)
        try:
            listener.bind("socket")
        finally:
            os.chdir(here)
    names = ["pipe", "socket"]
    with suppress(PermissionError):
        os.mknod(workspace / "device", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        names.append("device")
    async with connect(process.base, alice) as client, asyncio.timeout(20):
        for name in names:
            uri = f"/workspace/{name}"
            assert await refusal(client, "readFile", uri=uri) == "NoPermissions", name
            assert await refusal(client, "writeFile", uri=uri, content="x") == "NoPermissions", name
            assert await refusal(client, "copy", source=uri, target="/workspace/loot") == "NoPermissions", name
            assert await refusal(client, "readDirectory", uri=uri) in ("FileNotADirectory", "NoPermissions"), name
            await client.ask("workspace.fs.stat", {"uri": uri})
        for name in names:
            await client.call("workspace.fs.delete", uri=f"/workspace/{name}")
        assert (await client.ask("session.ping"))["result"]


async def test_a_name_of_a_file_that_has_two_is_replaced_alone(process: Process, alice: str) -> None:
    async with connect(process.base, alice) as client:
        await client.call("workspace.fs.writeFile", uri="/workspace/one", content="old")
        os.link(folder_of(process, alice) / "workspace" / "one", folder_of(process, alice) / "home" / "two")
        await client.call("workspace.fs.writeFile", uri="/workspace/one", content="new")
        assert (await client.call("workspace.fs.readFile", uri="/workspace/one"))["content"] == "new"
        await client.call("workspace.fs.delete", uri="/workspace/one")
        assert (await client.call("workspace.fs.readFile", uri="/home/two"))["content"] in ("old", "new")


async def test_names_that_are_not_utf_8_do_not_stop_a_listing(process: Process, alice: str) -> None:
    workspace = folder_of(process, alice) / "workspace"
    workspace.mkdir(parents=True)
    (Path(os.fsdecode(os.fsencode(workspace) + b"/bad\xff"))).write_text("x")
    (workspace / "good").write_text("x")
    async with connect(process.base, alice) as client:
        listed = await client.call("workspace.fs.readDirectory", uri="/workspace")
        assert ["good", 1] in listed
        assert len(listed) in (1, 2)
        copied = await client.ask("workspace.fs.copy", {"source": "/workspace", "target": "/home/copy"})
        judge(copied, process, "copy")
        await client.call("workspace.fs.delete", uri="/workspace/good")


async def test_each_mistake_has_its_own_code(base: str, alice: str) -> None:
    async with connect(base, alice) as client:
        await client.call("workspace.fs.writeFile", uri="/workspace/a/file", content="x")
        assert await refusal(client, "stat", uri="/workspace/none") == "FileNotFound"
        assert await refusal(client, "delete", uri="/workspace/none") == "FileNotFound"
        assert await refusal(client, "delete", uri="/workspace/a") == "Unavailable"
        assert await refusal(client, "writeFile", uri="/workspace/a/file", content="y", overwrite=False) == "FileExists"
        assert await refusal(client, "writeFile", uri="/workspace/new", content="y", create=False) == "FileNotFound"
        assert await refusal(client, "writeFile", uri="/workspace/a", content="y") == "FileIsADirectory"
        assert await refusal(client, "writeFile", uri="/workspace/a/file/x", content="y") == "FileNotADirectory"
        assert await refusal(client, "createDirectory", uri="/workspace/a/file") in ("FileExists", "FileNotADirectory")
        await client.call("workspace.fs.writeFile", uri="/workspace/b", content="y")
        assert await refusal(client, "rename", source="/workspace/a/file", target="/workspace/b") == "FileExists"
        assert await refusal(client, "rename", source="/workspace/a", target="/workspace/a/inside") in (
            "Unavailable",
            "NoPermissions",
        )
        assert await refusal(client, "copy", source="/workspace/a", target="/workspace/a/inside") in (
            "Unavailable",
            "NoPermissions",
        )
        await client.call("workspace.fs.rename", source="/workspace/a/file", target="/workspace/b", overwrite=True)
        assert (await client.call("workspace.fs.readFile", uri="/workspace/b"))["content"] == "x"


def exchange(one: Path, other: Path) -> None:
    """Swap two names at one moment, as renameat2(2) does."""
    ctypes.CDLL(None).renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2)


async def test_swapping_a_folder_for_a_link_while_it_is_used_leads_nowhere(process: Process, alice: str) -> None:
    workspace = folder_of(process, alice) / "workspace"
    outside = process.log.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "secret").write_text(CANARY)
    (workspace / "real").mkdir(parents=True)
    (workspace / "real" / "secret").write_text("mine")
    (workspace / "link").symlink_to(outside)
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            exchange(workspace / "real", workspace / "link")

    seen = set()
    async with connect(process.base, alice) as client, asyncio.timeout(30):
        swapping = asyncio.create_task(asyncio.to_thread(swap))
        try:
            for number in range(150):
                uri = {"uri": "/workspace/real/secret"}
                calls = [client.ask(f"workspace.fs.{name}", uri) for name in ("readFile", "stat")] * 2
                calls += [
                    client.ask("workspace.fs.writeFile", {"uri": f"/workspace/real/p{number % 5}", "content": "x"})
                ]
                for answer in await asyncio.gather(*calls):
                    judge(answer, process, "race")
                    seen.add("error" in answer)
        finally:
            done.set()
            await swapping
    assert seen == {True, False}, "the link was never met, or always"
    assert os.listdir(outside) == ["secret"]
    assert (outside / "secret").read_text() == CANARY
