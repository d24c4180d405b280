"""What a client may search the user's files for. `methods.py` publishes these."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from host.caller import Caller
from host.contract import Contract
from sessions.paths import uri_of
from shim.found import TextSearchMatch, TextSearchResult
from shim.ranges import Range
from shim.rgline import TextSearchQuery
from shim.search import DEFAULT, found
from shim.text_search import prepared, search
from shim.uri import Uri

CONTRACT = Contract()
method = CONTRACT.method

Glob = Annotated[str, StringConstraints(min_length=1, max_length=4_096)]
Default: Any = Field(default_factory=lambda: DEFAULT)
Token = Annotated[str, StringConstraints(min_length=1, max_length=256)] | int

MOST_TEXT = 4 << 20
"""Characters of all that one answer holds."""
RANGE_BYTES = 100
"""What a range takes in it, about."""


@method("workspace.findFiles", gated=True)
async def find_files(
    caller: Caller,
    include: Glob,
    exclude: Glob | None = Default,
    max_results: Annotated[int, Field(ge=1)] | None = None,
) -> list[str]:
    """The files of the workspace that a glob means, 20,000 at most; links are neither found nor followed.

    What `files.exclude` says is left out, and what `exclude` does besides; where that is null, nothing is.
    """
    files = await found(caller.session, include, exclude, max_results)
    return await asyncio.to_thread(_told, files)


def _told(files: list[Uri]) -> list[str]:
    """As clients know them; the list is empty then, so that nobody waits while it is freed."""
    files.reverse()
    return [uri_of(files.pop().path) for _ in range(len(files))]


class Query(BaseModel):
    """What is looked for: a text, or a regular expression as Rust has them."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)

    pattern: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
    is_reg_exp: bool = False
    is_case_sensitive: bool = False
    is_word_match: bool = False
    is_multiline: bool = False


class Place(TypedDict):
    """A position; characters are counted in UTF-16."""

    line: int
    character: int


class Span(TypedDict):
    """From a position to before another."""

    start: Place
    end: Place


class Found(TypedDict):
    """A line that matches: where, and as much of it as is shown, which is `skipped` characters behind its beginning."""

    uri: str
    ranges: list[Span]
    preview: str
    skipped: int


class TextFound(TypedDict):
    """What a search for text found; `limitHit`: there is more."""

    matches: list[Found]
    limitHit: bool


@method("workspace.findTextInFiles", gated=True)
async def find_text_in_files(
    caller: Caller,
    query: Query,
    include: Glob | None = None,
    exclude: Glob | None = Default,
    max_results: Annotated[int, Field(ge=1)] | None = None,
    progress_token: Token | None = None,
) -> TextFound:
    """The lines of the workspace's files that match; as `$/progress` of `{matches}` too, as soon as they are found.

    Not searched are links, binary files, what ignore files name, and `files.exclude`, `search.exclude` and `exclude`;
    where that is null, none of these three counts. Of documents with unsaved changes that text is searched, not the
    file's. At most 20,000 matches, and 4 MiB of text.
    """
    collected = Collected(caller, progress_token)
    asked = TextSearchQuery(**query.model_dump())
    one = prepared(caller.session, asked, include, exclude, max_results)
    try:
        limit_hit = (await search(caller.session, one, collected.take, collected.pass_on)).limit_hit
    except Enough:
        limit_hit = True
    await collected.pass_on()
    return {"matches": collected.matches, "limitHit": limit_hit}


class Enough(Exception):
    """No more goes into one answer."""


class Collected:
    """What a search found so far, and how much of that its caller was told already."""

    def __init__(self, caller: Caller, token: Token | None) -> None:
        self._caller = caller
        self._token = token
        self._size = self._told = 0
        self.matches: list[Found] = []

    def take(self, result: TextSearchResult) -> None:
        """Keep a match. Raises `Enough`."""
        if not isinstance(result, TextSearchMatch):
            return
        self._size += len(result.preview.text) + RANGE_BYTES * len(result.ranges)
        if self._size > MOST_TEXT:
            raise Enough
        ranges = [_span(one) for one in result.ranges]
        text, shown = result.preview
        skipped = result.ranges[0].start.character - shown[0].start.character if shown else 0
        self.matches.append({"uri": uri_of(result.uri.path), "ranges": ranges, "preview": text, "skipped": skipped})

    async def pass_on(self) -> None:
        """Tell the caller what is new, if it asked for that."""
        new, self._told = self.matches[self._told :], len(self.matches)
        if new and self._token is not None:
            await self._caller.progress(self._token, {"matches": new})
        else:
            await asyncio.sleep(0)


def _span(one: Range) -> Span:
    start, end = one.start, one.end
    return {
        "start": {"line": start.line, "character": start.character},
        "end": {"line": end.line, "character": end.character},
    }
