"""Looks for reminders in texts, follows the files, and marks what it found."""

from __future__ import annotations

import asyncio
import re

from legacy_extension import store  # by the package's own absolute name

import shim as vscode

from .store import Index, Reminder

FILES = "**/*.{py,md}"

_problems: vscode.DiagnosticCollection | None = None
_status: vscode.StatusBarItem | None = None
_timer: asyncio.TimerHandle | None = None
_subscriptions: list[vscode.Disposable] = []


def start(context: vscode.ExtensionContext) -> None:
    global _problems, _status
    _problems = vscode.languages.create_diagnostic_collection("reminders")
    _status = vscode.window.create_status_bar_item(vscode.StatusBarAlignment.LEFT, 10)
    _status.command = "reminders.list"
    _status.show()
    watcher = vscode.workspace.create_file_system_watcher(FILES)
    _subscriptions.extend(
        [
            watcher,
            watcher.on_did_create(scan),
            watcher.on_did_change(scan),
            watcher.on_did_delete(forget),
            vscode.workspace.on_did_change_configuration(_settings_changed),
            vscode.workspace.on_did_change_text_document(_document_changed),
            _problems,
            _status,
        ]
    )
    context.subscriptions += _subscriptions


async def scan_all() -> None:
    for uri in await vscode.workspace.find_files(FILES):
        await scan(uri)


async def scan(uri: vscode.Uri) -> None:
    try:
        content = await vscode.workspace.fs.read_file(uri)
    except vscode.FileSystemError:
        forget(uri)
    else:
        _take(uri, content.decode("utf-8", "replace"))


def _document_changed(event: vscode.TextDocumentChangeEvent) -> None:
    if event.document.uri.path.endswith((".py", ".md")):
        _take(event.document.uri, event.document.get_text())


def forget(uri: vscode.Uri) -> None:
    store.reminders.pop(uri.path, None)
    Index.instance().put(uri.path, [])
    assert _problems is not None
    _problems.delete(uri)
    _changed()


def _take(uri: vscode.Uri, text: str) -> None:
    tags = vscode.workspace.get_configuration("reminders").get("tags")
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, tags))})\b:?\s*(.*)")
    found, problems = [], []
    for number, line in enumerate(text.splitlines()):
        if match := pattern.search(line):
            found.append(Reminder(uri.path, number, match[1].strip()))
            place = vscode.Range(number, match.start(), number, len(line))
            problems.append(vscode.Diagnostic(place, match[1].strip(), vscode.DiagnosticSeverity.INFORMATION))
    store.scans += 1
    store.reminders[uri.path] = found
    Index.instance().put(uri.path, found)
    assert _problems is not None
    _problems.set(uri, problems)
    _changed()


def _settings_changed(event: vscode.ConfigurationChangeEvent) -> None:
    if event.affects_configuration("reminders.tags"):
        asyncio.get_running_loop().call_soon(_scan_again)


def _scan_again() -> None:
    vscode.commands.execute_command("reminders.list", True)


def _changed() -> None:
    global _timer
    count = len(store.everything())
    if _status is not None:
        _status.text = f"$(checklist) {count}"
    if _timer is not None:
        _timer.cancel()
    delay = vscode.workspace.get_configuration("reminders").get("saveDelay") / 1000
    _timer = asyncio.get_running_loop().call_later(delay, _save)


def _save() -> None:
    global _timer
    _timer = None
    assert store.context is not None
    store.context.workspace_state.update("count", len(store.everything()))


def stop() -> None:
    if _timer is not None:
        _timer.cancel()
