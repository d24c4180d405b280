"""The extension's entry, as for VS Code alone."""

from __future__ import annotations

import asyncio
import shlex

import shim as vscode

from . import page, scanner, store

_terminal: vscode.Terminal | None = None


async def activate(context: vscode.ExtensionContext) -> dict[str, object]:
    store.context = context
    scanner.start(context)
    starts = context.global_state.get("starts", 0) + 1
    await context.global_state.update("starts", starts)
    register = vscode.commands.register_command
    context.subscriptions += [
        register("reminders.list", list_all),
        register("reminders.add", add),
        register("reminders.report", report),
        register("reminders.show", lambda: page.show().webview.html),
        register("reminders.runTests", run_tests),
        vscode.window.on_did_close_terminal(_closed),
    ]
    await scanner.scan_all()
    return {"list": list_all, "starts": starts}


def deactivate() -> None:
    scanner.stop()


async def list_all(again: bool = False) -> list[str]:
    if again:
        await scanner.scan_all()
    return [f"{store.cached_title(one.path)}:{one.line + 1}: {one.text}" for one in store.everything()]


async def add(path: str, text: str) -> bool:
    """Write a reminder at the end of a file, and save it."""
    uri = vscode.Uri.join_path(vscode.workspace.workspace_folders[0].uri, path)
    document = await vscode.workspace.open_text_document(uri)
    end = document.line_at(document.line_count - 1).range.end
    edit = vscode.WorkspaceEdit()
    edit.insert(uri, end, f"\n# TODO: {text}")
    return await vscode.workspace.apply_edit(edit) and await document.save()


async def report(name: str) -> int | None:
    """Let a shell write all reminders into a file; its exit code."""
    global _terminal
    if _terminal is None:
        _terminal = vscode.window.create_terminal("Reminders", "/bin/bash", ["--norc", "--noprofile"])
    lines = " ".join(shlex.quote(one.text) for one in store.everything()) or "none"
    ended: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    def closed(terminal: vscode.Terminal) -> None:
        if terminal is made and not ended.done():
            ended.set_result(terminal.exit_status.code if terminal.exit_status else None)

    made = _terminal
    listening = vscode.window.on_did_close_terminal(closed)
    try:
        made.send_text(f"printf '%s\\n' {lines} > {shlex.quote(name)}; exit 7")
        return await asyncio.wait_for(ended, 60)
    finally:
        listening.dispose()


def _closed(terminal: vscode.Terminal) -> None:
    global _terminal
    if terminal is _terminal:
        _terminal = None


async def run_tests() -> dict[str, str]:
    """What VS Code's test runner does: run the suite in the extension host, with the API and the extension in it."""
    from legacy_extension.suite import index

    return await index.run()
