"""A git repository beside the user's world that remembers states of the workspace. Nothing of the user's git counts.

git runs backstage, where it sees the workspace and this repository and nothing else. No configuration is read but what
is given here, so that no hook, filter, monitor, pager or helper of anybody's runs; attributes are overruled, so that
files come back byte for byte. Repositories inside the workspace are taken for the files that they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from shim.proposed import backstage
from shim.proposed.backstage import Place

SECONDS = 60.0
LISTED_BYTES = 32 << 20
LARGEST_BYTES = 10 << 20
"""A file larger than this is left out."""

MOST_FILES = 100_000
ROUNDS = 8
"""How deep repositories may lie in repositories."""

MANY = 200
EMPTY_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
SEED = ".roost-seed"

CONFIGURATION = MappingProxyType({
    "core.hooksPath": "/dev/null", "core.fsmonitor": "false", "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null", "core.autocrlf": "false", "core.eol": "lf", "core.safecrlf": "false",
    "core.symlinks": "true", "core.fileMode": "true", "core.ignoreCase": "false", "core.precomposeUnicode": "false",
    "core.quotePath": "false", "core.pager": "cat", "core.editor": "false", "core.sshCommand": "false",
    "core.looseCompression": "1", "core.compression": "1", "core.preloadIndex": "true", "core.untrackedCache": "false",
    "core.logAllRefUpdates": "false", "core.protectHFS": "false", "core.protectNTFS": "false",
    "commit.gpgSign": "false", "tag.gpgSign": "false", "gc.auto": "0", "gc.autoDetach": "false",
    "maintenance.auto": "false", "protocol.allow": "never", "submodule.recurse": "false",
    "diff.renames": "false", "credential.helper": "", "index.threads": "1", "pack.threads": "1", "index.version": "4",
    "advice.detachedHead": "false", "safe.directory": "*", "fetch.recurseSubmodules": "false", "color.ui": "false",
})  # fmt: skip

ATTRIBUTES = "* -text -eol -ident -filter -working-tree-encoding -export-subst !diff"
"""In the repository's own file, which goes before every `.gitattributes`."""

SETUP = r"""
command -v git >/dev/null 2>&1 || exit 127
[ -f "$GIT_DIR/ready" ] || { rm -rf "$GIT_DIR" && git init -q --template= && : >"$GIT_DIR/ready"; } || exit 1
rm -f "$GIT_DIR"/*.lock "$GIT_DIR"/refs/heads/*.lock "$GIT_DIR"/objects/pack/tmp_* "$GIT_DIR"/objects/??/tmp_*
mkdir -p "$GIT_DIR/info" && printf "%s\n" "$ATTRIBUTES" >"$GIT_DIR/info/attributes" && cat >"$GIT_DIR/info/exclude"
"""
COMMIT = r"""
tree=$(git write-tree) || exit 1
parent=$(git rev-parse -q --verify HEAD)
commit=$(git commit-tree "$tree" ${parent:+-p "$parent"} -m "$MESSAGE") || exit 1
git update-ref HEAD "$commit" && echo "$commit"
"""
LOOK = """exec xargs -0 -r sh -c 'find "$@" -maxdepth 0 \\( -readable -printf r -o -printf - \\) -printf "%y%s %p\\0" \
2>/dev/null || :' sh"""
KINDS = """exec xargs -0 -r sh -c 'find "$@" -maxdepth 0 -printf "%y%p\\0" 2>/dev/null || :' sh"""
UNHELD = """exec xargs -0 -r sh -c 'find "$@" -name .git -print0; exec git ls-files -z -o -- "$@"' sh"""
PACK = "git repack -a -d -q && git prune --expire=1.hour.ago"


class NoCheckpoint(Exception):
    """A checkpoint cannot be made, or used: the sentence says why. The task can go on without."""


class Found(NamedTuple):
    """What files of the workspace are: bytes of those to be taken, why some are left out, what is no file any more."""

    total: int
    left_out: dict[str, str]
    others: frozenset[str]


class Shadow:
    """One task's repository. `left_out` is what the last look at the workspace left out: path -> why."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._environment = environment(place)
        self.left_out: dict[str, str] = {}

    async def prepare(self, excluded: list[str]) -> None:
        """Make it if need be, take away what an interrupted git left, and say what to leave out."""
        text = "".join(f"{pattern}\n" for pattern in excluded).encode()
        await self._run(["sh", "-c", SETUP], stdin=text, env={"ATTRIBUTES": ATTRIBUTES})

    # -- looking at the workspace

    async def stage(self) -> None:
        """Take all of the workspace into the index, as far as it is not left out.

        What changes while it is looked at may be in the way once.
        """
        try:
            await self._stage()
        except NoCheckpoint:
            await self._stage()

    async def _stage(self) -> None:
        """Again where a file became a folder: what is in that is seen once the file is not in the index any more."""
        for _ in range(ROUNDS):
            changed = await self._changed()
            nested = [path for path in changed if path.endswith("/")]
            if nested:
                await self._seed(nested)
            elif not changed or not await self._take(changed):
                return
        raise NoCheckpoint(f"repositories lie in repositories, more than {ROUNDS} deep: no checkpoint is made")

    async def _changed(self) -> dict[str, str]:
        """What differs from the index: path -> `?` new, `C` changed, `R` removed. A repository ends in `/`."""
        argv = ["git", "ls-files", "-z", "-t", "-o", "-m", "-d", "--exclude-standard"]
        listed = await self._run(argv, keep=LISTED_BYTES)
        found: dict[str, str] = await asyncio.to_thread(_listed, listed)
        if len(found) > MOST_FILES:
            raise NoCheckpoint(
                f"the workspace has over {MOST_FILES} files that .gitignore does not name: no checkpoint is made"
            )
        return found

    async def _seed(self, nested: list[str]) -> None:
        """git looks into a repository only where the index has something of it; then its files are like others."""
        lines = "".join(f"100644 {EMPTY_BLOB}\t{path}{SEED}\0" for path in nested)
        await self._run(["git", "update-index", "-z", "--index-info"], stdin=_raw(lines))

    async def _take(self, changed: Mapping[str, str]) -> bool:
        """Take these; whether one of them is no file any more."""
        there = [path for path, state in changed.items() if state != "R"]
        found = await self._look(there)
        self.left_out = found.left_out
        try:
            await asyncio.to_thread(self.place.reserve, found.total)
        except backstage.Failure as error:
            raise NoCheckpoint(f"no checkpoint is made: {error}") from error
        gone = {path for path, state in changed.items() if state == "R"} | found.left_out.keys() | found.others
        taken = [path for path in there if path not in gone]
        many = {"GIT_CONFIG_VALUE_0": "1"} if len(taken) > MANY else {}
        await self._update("--force-remove", sorted(gone))
        await self._update("--add --remove --replace", taken, many)
        return bool(found.others)

    async def _update(self, how: str, paths: list[str], env: Mapping[str, str] | None = None) -> None:
        if paths:
            argv = ["git", "update-index", "-z", *how.split(), "--stdin"]
            await self._run(argv, stdin=_lines(paths), env=env)

    async def _look(self, paths: list[str]) -> Found:
        if not paths:
            return Found(0, {}, frozenset())
        said = await self._run(["sh", "-c", LOOK], stdin=_lines([f"./{path}" for path in paths]), keep=LISTED_BYTES)
        return await asyncio.to_thread(_judged, said)

    # -- states

    async def commit(self, message: str) -> str:
        """Remember what is in the index; gives the commit."""
        return (await self._run(["sh", "-c", COMMIT], env={"MESSAGE": message})).decode().strip()

    async def tree(self) -> str:
        """What is in the index, without remembering it."""
        return (await self._run(["git", "write-tree"])).decode().strip()

    async def log(self, most: int) -> list[tuple[str, int]]:
        """The newest commits and their times in seconds, the oldest of them first."""
        argv = ["git", "log", "--first-parent", f"--max-count={most}", "--reverse", "--format=%H %ct", "HEAD"]
        lines = (await self._run(argv, keep=LISTED_BYTES)).decode().split("\n")
        return [(commit, int(time)) for commit, _, time in (line.partition(" ") for line in lines if line)]

    async def has(self, commit: str) -> bool:
        """Whether it is a commit of this repository."""
        finished = await self._try(["git", "cat-file", "-t", commit])
        return finished.exit_code == 0 and finished.output.strip() == b"commit"

    async def in_the_way(self, commit: str) -> list[str]:
        """What stands where the commit has files, and is in no checkpoint: putting back would take it away."""
        gained, lost = await self._names("A", commit), set(await self._names("D", commit))
        above = {
            "/".join(parts[:end]) for parts in (path.split("/") for path in gained) for end in range(1, len(parts))
        }
        there = [f"./{path}" for path in (*gained, *above)]
        said = await self._run(["sh", "-c", KINDS], stdin=_lines(there)) if there else b""
        kinds = {entry[3:]: entry[0] for entry in said.decode("utf-8", "surrogateescape").split("\0") if entry}
        files = [path for path, kind in kinds.items() if kind != "d" and path not in lost]
        folders = [path for path in gained if kinds.get(path) == "d"]
        held = (
            await self._run(["sh", "-c", UNHELD], stdin=_lines([f"./{path}" for path in folders])) if folders else b""
        )
        return files + [path.removeprefix("./") for path in held.decode("utf-8", "replace").split("\0") if path]

    async def _names(self, state: str, commit: str) -> list[str]:
        argv = ["git", "diff-tree", "-r", "-z", "--name-only", "--no-renames", f"--diff-filter={state}", "HEAD", commit]
        return [path for path in (await self._run(argv)).decode("utf-8", "surrogateescape").split("\0") if path]

    async def put_back(self, commit: str) -> None:
        """Make the workspace what it was; what is in the index and not in the commit is removed."""
        await self._run(["git", "read-tree", "--reset", "-u", commit])

    async def pack(self) -> None:
        """Put what lies about into one file: each costs an inode of the user's."""
        await self._run(["sh", "-c", PACK])

    async def read(self, argv: list[str], *, keep: int, stdin: bytes = b"") -> tuple[bytes, bool]:
        """The first `keep` bytes, or half of them, of what a reading git command says; and whether that is all."""
        finished = await self._try(["git", *argv], stdin=stdin, keep=keep)
        self._check(finished)
        return finished.head + (b"" if finished.omitted else finished.tail), not finished.omitted

    # -- git

    async def _run(
        self, argv: list[str], *, stdin: bytes = b"", keep: int = LISTED_BYTES, env: Mapping[str, str] | None = None
    ) -> bytes:
        finished = await self._try(argv, stdin=stdin, keep=keep, env=env)
        self._check(finished)
        if finished.omitted:
            raise NoCheckpoint("the workspace has too many files for a checkpoint: name what is built in .gitignore")
        return finished.output

    async def _try(
        self, argv: list[str], *, stdin: bytes = b"", keep: int = 65_536, env: Mapping[str, str] | None = None
    ) -> backstage.Finished:
        try:
            return await backstage.run(
                self.place, argv, env=self._environment | dict(env or {}), stdin=stdin, timeout=SECONDS, keep=keep
            )
        except backstage.Failure as error:
            raise NoCheckpoint(f"checkpoints cannot be made: {error}") from error

    @staticmethod
    def _check(finished: backstage.Finished) -> None:
        if finished.timed_out:
            raise NoCheckpoint(f"git took over {SECONDS:.0f} s: no checkpoint is made")
        if finished.exit_code == 127:
            raise NoCheckpoint("checkpoints need git, which is not installed here (apt-get install git)")
        if finished.exit_code:
            said = finished.output[-1000:].decode("utf-8", "replace").strip()
            raise NoCheckpoint(f"git ended with {finished.exit_code}: {said or 'it said nothing'}")


def environment(place: Place) -> dict[str, str]:
    """Where the repository is, and the whole configuration: nobody else's is read."""
    given = {
        "GIT_DIR": f"{place.path}/repository",
        "GIT_WORK_TREE": place.workspace,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "false",
        "XDG_CONFIG_HOME": "/dev/null",
        "LC_ALL": "C",
        **{f"GIT_{who}_NAME": "Roost" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "checkpoints@localhost" for who in ("AUTHOR", "COMMITTER")},
    }
    pairs = [("core.bigFileThreshold", "512m"), *CONFIGURATION.items()]  # what is larger goes straight into a pack
    for number, (key, value) in enumerate(pairs):
        given |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return given | {"GIT_CONFIG_COUNT": str(len(pairs))}


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _lines(paths: list[str]) -> bytes:
    return _raw("".join(f"{path}\0" for path in paths))


def _listed(said: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in said.decode("utf-8", "surrogateescape").split("\0"):
        state, _, path = entry.partition(" ")
        if path and found.get(path) != "R":
            found[path] = state
    return found


def _judged(said: bytes) -> Found:
    total = 0
    left_out: dict[str, str] = {}
    others: set[str] = set()
    for entry in said.decode("utf-8", "surrogateescape").split("\0"):
        size, _, path = entry[2:].partition(" ./")
        if not path:
            continue
        if entry[1] not in "fl":
            others.add(path)
        elif entry[:2] == "-f":
            left_out[path] = "it may not be read"
        elif int(size) > LARGEST_BYTES:
            left_out[path] = f"it is larger than {LARGEST_BYTES >> 20} MiB"
        else:
            total += int(size)
    return Found(total, left_out, frozenset(others))
