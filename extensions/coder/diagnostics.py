"""What is wrong in files, as a model reads it: all of it, or what is new after an edit."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

import shim as vscode
from extensions.coder.output_text import cut

WAIT_SECONDS = 1.0
"""How long an edit waits for somebody to say what it broke."""

QUIET_SECONDS = 0.15
"""So long after the last word, nobody has more to say."""

MOST = 50
LONGEST = 500
"""Characters of a message."""

SEVERITIES = ("Error", "Warning", "Information", "Hint")

OfFile = tuple[vscode.Uri, Sequence[vscode.Diagnostic]]
"""What is said of one file."""

Problem = tuple[int, str, str, str]
"""What tells one problem from another when its line has moved: severity, source, code, message."""


def telling(one: vscode.Diagnostic) -> Problem:
    code = one.code.value if isinstance(one.code, vscode.DiagnosticCode) else one.code
    return int(one.severity), one.source or "", "" if code is None else str(code), one.message


def line_of(one: vscode.Diagnostic) -> str:
    """A problem in a line, with the number of its own line from 1."""
    severity, source, code, message = telling(one)
    label = " ".join(filter(None, (source, code)))
    where = f"{one.range.start.line + 1}:{one.range.start.character + 1}"
    return (
        f"- [{SEVERITIES[severity]}] {where} {f'({label}) ' if label else ''}{cut(' '.join(message.split()), LONGEST)}"
    )


def listed(problems: Sequence[vscode.Diagnostic], most: int = MOST) -> str:
    """Problems in lines, the gravest first."""
    ordered = sorted(problems, key=lambda one: (int(one.severity), one.range.start.line))
    lines = [line_of(one) for one in ordered[:most]]
    if len(ordered) > most:
        lines.append(f"- … and {len(ordered) - most} more")
    return "\n".join(lines)


def are_told() -> bool:
    """Whether the user wants the agent to be told of problems that it does not ask for."""
    return vscode.workspace.get_configuration("coder").get("includeDiagnosticMessages") is not False


class Watch:
    """What was wrong in some files before an edit, to tell what is new after it. Begin it, edit, then ask `fresh`."""

    __slots__ = ("_before", "_news", "_undo", "_uris")

    def __init__(self, uris: Iterable[vscode.Uri]) -> None:
        self._uris = list(uris)
        self._before = {str(uri): Counter(map(telling, of(uri))) for uri in self._uris}
        self._news = asyncio.Event()
        self._undo = vscode.languages.on_did_change_diagnostics(self._heard)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.dispose()

    async def fresh(self) -> list[tuple[vscode.Uri, list[vscode.Diagnostic]]]:
        """The errors and warnings that were not there before, after a moment for whoever looks for them."""
        if self._is_expected():
            await self._settle()
        found = [(uri, self._new(uri)) for uri in self._uris]
        return [(uri, problems) for uri, problems in found if problems]

    def _is_expected(self) -> bool:
        """Whether anybody speaks of problems here: without a language server there is nothing to wait for."""
        return self._news.is_set() or any(problems for _, problems in vscode.languages.get_diagnostics())

    async def _settle(self) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._news.wait()
                while self._news.is_set():
                    self._news.clear()
                    await self._quiet()
        except TimeoutError:
            return

    async def _quiet(self) -> None:
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return

    def _new(self, uri: vscode.Uri) -> list[vscode.Diagnostic]:
        known = Counter(self._before[str(uri)])
        new: list[vscode.Diagnostic] = []
        for one in of(uri):
            what = telling(one)
            if known[what]:
                known[what] -= 1
            elif one.severity <= vscode.DiagnosticSeverity.WARNING:
                new.append(one)
        return new

    def _heard(self, event: vscode.DiagnosticChangeEvent) -> None:
        if {str(uri) for uri in event.uris} & self._before.keys():
            self._news.set()


def of(uri: vscode.Uri) -> list[vscode.Diagnostic]:
    """What is wrong in a file."""
    return list(vscode.languages.get_diagnostics(uri))
