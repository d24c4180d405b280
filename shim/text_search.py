"""`vscode.workspace.find_text_in_files`: text in the files of a user's workspace, by ripgrep in the user's sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Container
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from posixpath import normpath
from typing import TYPE_CHECKING, Any, NamedTuple

from sessions.current import current_session
from sessions.errors import FileSystemError, InvalidValue, SandboxDied
from sessions.paths import HIDDEN
from sessions.shells import inherited
from shim import encodings
from shim.documents import Documents
from shim.found import MOST_PLACES, Lines, Record, TextSearchResult, contexts, match, record, slices
from shim.rgline import TextSearchQuery, command_line, command_line_of_text
from shim.search import DEFAULT, MOST, FileSearch, tops_of
from shim.thenable import Thenable, thenable
from shim.types import RelativePattern
from shim.unsaved import Texts, groups, together
from shim.uri import Uri
from shim.watchers import Pattern, excluding

if TYPE_CHECKING:
    from sessions.context import SessionContext
    from sessions.process import Process
    from shim.cancellation import CancellationToken
    from shim.document import TextDocument
    from shim.selectors import GlobPattern

READ_BYTES = 65536
CHARS_PER_LINE = 1_000
"""Characters that are shown of a line, if no other number is asked for."""

MOST_CHARS, MOST_CONTEXT = 10_000, 100
HELD = 500
"""Results of one file that wait for its end, as only then it is known to be no binary one."""

FOLDERS_KEPT = 4_096

MOST_UNSAVED = 50
"""Documents whose unsaved text one search looks into; of more it is the file's that is searched."""


class TextSearchComplete(NamedTuple):
    """How a search ended; `limit_hit`: there is more than was told."""

    limit_hit: bool


Told = Callable[[TextSearchResult], object]
Pause = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class TextSearch:
    """One search: what is looked for where, and how much is told of it."""

    query: TextSearchQuery
    file_name: str | None
    wanted: FileSearch
    exclude: list[str]
    context: int
    encoding: str
    use_ignore_files: bool
    most: int
    chars: int

    def arguments(self) -> list[str]:
        """For ripgrep."""
        return command_line(
            self.query, include=self.file_name, exclude=self.exclude, context=self.context, encoding=self.encoding,
            use_ignore_files=self.use_ignore_files,
        )  # fmt: skip


class Teller:
    """Takes what ripgrep says of the files below one folder, and tells what is asked for of it."""

    __slots__ = ("_enters", "_folders", "_held", "_mine", "_one", "_tell", "_top", "_unsaved", "_uri", "cut", "left")

    def __init__(self, one: TextSearch, top: str, left: int, tell: Told, unsaved: Container[str]) -> None:
        self._one = one
        self._unsaved = unsaved
        self._top = top
        self._tell = tell
        self._enters, self._mine = one.wanted.below(top)
        self._folders: dict[str, bool] = {}
        self._held: list[TextSearchResult] = []
        self._uri: Uri | None = None
        self.left = left
        """Matches that may still be told; below zero there were more."""
        self.cut = False
        """Whether a line had more of them than are told of one."""

    def take(self, line: bytes) -> None:
        """Take one line of ripgrep's."""
        if self._uri is None and line.startswith((b'{"type":"match"', b'{"type":"context"')):
            return  # of a file that is not asked for
        said = record(line)
        if said.kind == "begin":
            whole = f"{self._top}/{said.path.removeprefix('./')}"
            self._uri = Uri.file(whole) if whole not in self._unsaved and self.wants(whole) else None
        elif said.kind == "end":
            self._end(said.is_binary)
        elif self._uri is not None and said.kind == "match":
            self._hold_match(self._uri, said)
        elif self._uri is not None and said.kind == "context":
            self._held += contexts(self._uri, said, self._one.chars)

    def take_of(self, texts: Texts, line: bytes) -> None:
        """Take one line of what ripgrep says of texts that are not saved."""
        said = record(line)
        if said.kind == "end":
            self._end(said.is_binary)
        if said.kind not in ("match", "context") or (place := texts.place(said.line)) is None:
            return
        uri, at = place
        if said.kind == "match":
            self._hold_match(uri, said._replace(line=at))
        else:
            self._held += contexts(uri, said._replace(line=at), self._one.chars)

    def wants(self, whole: str) -> bool:
        """Whether a file below the folder is searched."""
        folder, _, name = whole.rpartition("/")
        hidden = HIDDEN.fullmatch(name.encode("utf-8", "surrogateescape"))
        return not hidden and self._looks_into(folder) and self._enters(whole) and self._mine(whole)

    def _looks_into(self, folder: str) -> bool:
        """Whether a folder and all above it are searched."""
        if len(folder) <= len(self._top):
            return True
        known = self._folders.get(folder)
        if known is None:
            if len(self._folders) > FOLDERS_KEPT:
                self._folders.clear()
            known = self._looks_into(folder.rpartition("/")[0]) and self._enters(folder)
            self._folders[folder] = known
        return known

    def _hold_match(self, uri: Uri, said: Record) -> None:
        spans = said.spans[: min(self.left, MOST_PLACES)]
        self.left -= len(said.spans)
        self.cut = self.cut or len(said.spans) > MOST_PLACES
        if spans:
            self._held.append(match(uri, said._replace(spans=spans), self._one.chars))
        if len(self._held) >= HELD or self.left < 0:
            self._end(False)

    def _end(self, is_binary: bool) -> None:
        held, self._held = self._held, []
        for result in () if is_binary else held:
            self._tell(result)


async def search(
    session: SessionContext, one: TextSearch, tell: Told, pause: Pause = lambda: asyncio.sleep(0)
) -> TextSearchComplete:
    """Search to the end, or until enough was told; cancelling it ends the search at once.

    `pause` is awaited after each few lines. Raises `InvalidValue` of a pattern that is none, `SandboxUnavailable`, and
    `FileSystemError`.
    """
    left, dropped = one.most, False
    unsaved = _unsaved(session)
    for top in await _tops(session, one.wanted.base):
        teller, lines = Teller(one, top, left, tell, unsaved), Lines()
        if await _heard(_said(session, one, top, one.arguments(), lines), teller.take, teller, pause):
            return TextSearchComplete(True)
        own = [document for path, document in unsaved.items() if path.startswith(f"{top}/") and teller.wants(path)]
        for some in groups(own, one.query, one.context):
            texts = await asyncio.to_thread(together, [(each.uri, each._model.copy()) for each in some])
            words = command_line_of_text(one.query, context=one.context)
            said = _said(session, one, top, words, lines, texts.content)
            if await _heard(said, partial(teller.take_of, texts), teller, pause):
                return TextSearchComplete(True)
        left, dropped = teller.left, dropped or lines.dropped or teller.cut
    return TextSearchComplete(dropped)


def _unsaved(session: SessionContext) -> dict[str, TextDocument]:
    """The user's texts that are not in their files yet, by path."""
    documents = session.peek(Documents)
    dirty = [] if documents is None else [one for one in documents.all if one.is_dirty and one.uri.scheme == "file"]
    return {one.uri.path: one for one in dirty[:MOST_UNSAVED]}


async def _heard(
    said: AsyncGenerator[list[bytes], None], take: Callable[[bytes], None], teller: Teller, pause: Pause
) -> bool:
    """Take what ripgrep says to its end; true where there is more than may be told."""
    async with aclosing(said):
        async for some in said:
            for line in some:
                take(line)
                if teller.left < 0:
                    return True
            await pause()
    return False


async def _tops(session: SessionContext, base: Uri | None) -> list[str]:
    """The folders to search that are there; the three of a user's world in place of its root."""
    found: list[str] = []
    for given in tops_of(session, base):
        top = normpath(given or "/").replace("//", "/")
        if top == "/" and (await session.sandbox()).level.form != "none":
            found += [f"/{name}" for name, _ in await session.files.read_directory("/")]
        elif await _is_folder(session, top):
            found.append(top)
    return found


async def _is_folder(session: SessionContext, path: str) -> bool:
    try:
        return bool((await session.files.stat(path)).type & 2)
    except FileSystemError as error:
        if error.code in ("FileNotFound", "FileNotADirectory"):
            return False
        raise


async def _said(
    session: SessionContext, one: TextSearch, top: str, words: list[str], lines: Lines, text: bytes | None = None
) -> AsyncGenerator[list[bytes], None]:
    """What ripgrep says of a folder, or of a text, some lines at a time. Whoever stops listening ends it."""
    sandbox = await session.sandbox()
    from sessions import ripgrep  # on first need: few search, and all would pay

    await asyncio.to_thread(one.wanted.ready)
    argv = [await asyncio.to_thread(ripgrep.program, sandbox), *words]
    process = await sandbox.start(argv, cwd=top, env=inherited(sandbox), stdin=text is not None, apart=True)
    spoke = False
    try:
        if process.stdin is not None:
            process.stdin.write(text or b"")
            process.stdin.close()
        while data := await process.stdout.read(READ_BYTES):
            whole = list(lines.feed(data))
            spoke = spoke or bool(whole)
            for some in slices(whole):
                yield some
        code = await process.wait()
        complaint = b"" if process.stderr is None else await process.stderr.read(READ_BYTES)
    finally:
        await _stopped(process)
    if code is None:
        raise SandboxDied("the search ended with the sandbox that it ran in; search again")
    if not spoke and code > 1:
        raise _problem(one, complaint.decode("utf-8", "replace"))


async def _stopped(process: Process) -> None:
    """Shielded: whoever is cancelled here still wants it ended."""
    try:
        if process.running:
            process.send_signal(9)
            await asyncio.shield(process.kill())
    finally:
        process.close()


def _problem(one: TextSearch, complaint: str) -> Exception:
    """Why ripgrep did not even begin."""
    words = complaint.removeprefix("rg: ").strip()[-1_000:] or "it said nothing"
    if "regex" in words or (one.query.is_reg_exp and "error" in words):
        reason = " ".join(words.split())
        rule = "must be a regular expression as Rust has them, without look-around and back references"
        return InvalidValue("query.pattern", f"{rule}: {reason}")
    return FileSystemError.unavailable(f"the search did not begin: {words}")


# -- as VS Code has it


def prepared(
    session: SessionContext,
    query: TextSearchQuery,
    include: GlobPattern | None = None,
    exclude: GlobPattern | object | None = DEFAULT,
    max_results: int | None = None,
    surrounding_context: int = 0,
    chars_per_line: int = CHARS_PER_LINE,
    encoding: str | None = None,
    use_ignore_files: bool | None = None,
) -> TextSearch:
    """A search that is ready to begin. Raises `InvalidValue`."""
    excluded = Pattern(exclude, "exclude") if exclude is not DEFAULT and exclude is not None else None  # type: ignore[arg-type]
    settings = [] if exclude is None else [session.settings.get(f"{one}.exclude") for one in ("files", "search")]
    hidden = [pattern for setting in settings for pattern in excluding(setting)]
    wanted = Pattern("**" if include is None else include, "include")
    globs = [glob for setting in settings if isinstance(setting, dict) for glob, on in setting.items() if on is True]
    uses = session.settings.get("search.useIgnoreFiles") is not False if use_ignore_files is None else use_ignore_files
    return TextSearch(
        query=query,
        file_name=include.pattern if isinstance(include, RelativePattern) else include,
        wanted=FileSearch(wanted, excluded, hidden),
        exclude=[*globs, *([exclude] if isinstance(exclude, str) and exclude is not DEFAULT else [])],
        context=_number("surrounding_context", surrounding_context, 0, MOST_CONTEXT),
        encoding=encoding or encodings.usual(session.settings.get("files.encoding")),
        use_ignore_files=uses,
        most=MOST if max_results is None else min(MOST, _number("max_results", max_results, 1, None)),
        chars=_number("chars_per_line", chars_per_line, 1, MOST_CHARS),
    )


def _number(name: str, given: Any, least: int, most: int | None) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given < least or (most is not None and given > most):
        bounds = f"from {least} on" if most is None else f"from {least} to {most}"
        raise InvalidValue(name, f"must be a whole number {bounds}")
    return given


def find_text_in_files(
    query: TextSearchQuery | str,
    callback: Callable[[TextSearchResult], object],
    *,
    include: GlobPattern | None = None,
    exclude: GlobPattern | object | None = DEFAULT,
    max_results: int | None = None,
    surrounding_context: int = 0,
    chars_per_line: int = CHARS_PER_LINE,
    encoding: str | None = None,
    use_ignore_files: bool | None = None,
    token: CancellationToken | None = None,
) -> Thenable[TextSearchComplete]:
    """Call `callback` with each line that matches, and with `surrounding_context` lines before and after it.

    Searched are the files in the workspace's folders, or below an `include`'s base, and of those that are open the
    text as it is, saved or not (50 that are not, at most); not what ignore files name, nor
    `files.exclude` and `search.exclude`, nor `exclude` (with None of these three nothing is left out), nor binary
    files, nor links. At most `max_results` matches, and 20,000. A search that is cancelled just ends.
    """
    session = current_session()
    asked = TextSearchQuery(query) if isinstance(query, str) else query
    one = prepared(
        session, asked, include, exclude, max_results, surrounding_context, chars_per_line, encoding, use_ignore_files
    )
    return thenable(_until_cancelled(session, one, callback, token), "workspace.find_text_in_files")


async def _until_cancelled(
    session: SessionContext, one: TextSearch, tell: Told, token: CancellationToken | None
) -> TextSearchComplete:
    if token is None:
        return await search(session, one, tell)
    if token.is_cancellation_requested:
        return TextSearchComplete(True)
    work = session.promise(search(session, one, tell), "find text")
    undo = token.on_cancellation_requested(lambda _: work.cancel())
    try:
        await asyncio.wait({work})
        return TextSearchComplete(True) if work.cancelled() else work.result()
    finally:
        work.cancel()  # where nobody waits for it any more
        undo.dispose()
