"""What a client may search the user's files for. `methods.py` publishes these."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from host.caller import Caller
from host.contract import Contract
from sessions.paths import uri_of
from shim.search import DEFAULT, found

CONTRACT = Contract()
method = CONTRACT.method

Glob = Annotated[str, StringConstraints(min_length=1, max_length=4_096)]
Default: Any = Field(default_factory=lambda: DEFAULT)


@method("workspace.findFiles", gated=True)
async def find_files(
    caller: Caller,
    include: Glob,
    exclude: Glob | None = Default,
    max_results: Annotated[int, Field(ge=1)] | None = None,
) -> list[str]:
    """The files of the workspace that a glob means, 20,000 at most; links are neither found nor followed.

    Without `exclude` what `files.exclude` says is left out, with null nothing is.
    """
    return [uri_of(uri.path) for uri in await found(caller.session, include, exclude, max_results)]
