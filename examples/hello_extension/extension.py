"""A small extension, written as if one person used it. The host runs it for everybody, each in a world of their own."""

from __future__ import annotations

import shim as vscode
from shim.proposed import events

from . import words

greeted = 0


async def count_words(path: str) -> int:
    """The words of a file: `path` begins at the workspace's folder, or with `/`. Clients hear of it."""
    folder = vscode.workspace.workspace_folders[0]
    uri = vscode.Uri.file(path) if path.startswith("/") else folder.uri.join_path(path)
    content = await vscode.workspace.fs.read_file(uri)
    count = words.count(uri.path, content.decode("utf-8", "replace"))
    events.post("hello.counted", {"uri": str(uri), "words": count})
    return count


async def greet(name: str = "you") -> str | None:
    """Show a message with a button; which one was chosen, or None when the message was closed."""
    global greeted
    greeted += 1
    message = f"Hello {name}! This is greeting number {greeted}."
    return await vscode.window.show_information_message(message, "Hello to you, too")


def activate(context: vscode.ExtensionContext) -> None:
    """Called once for each user, when they first run one of the commands."""
    notes = context.global_state

    async def remember(note: str) -> None:
        await notes.update("note", note)  # done once it is on the disk

    def recall() -> str | None:
        return notes.get("note")  # from memory, at once

    # Registering returns its undo: in `subscriptions` it is undone when the extension ends.
    context.subscriptions += [
        vscode.commands.register_command("hello.countWords", count_words),
        vscode.commands.register_command("hello.greet", greet),
        vscode.commands.register_command("hello.remember", remember),
        vscode.commands.register_command("hello.recall", recall),
    ]


def deactivate() -> None:
    """Called when the user's session ends. There is nothing to do here: what is in `subscriptions` is undone."""
