"""Git: source control of the repositories in the user's workspace, as VS Code's own extension has it, smaller."""

from __future__ import annotations

import shim as vscode
from extensions.git.commands import Commands
from extensions.git.exports import GitExtension
from extensions.git.model import Model


async def activate(context: vscode.ExtensionContext) -> GitExtension:
    model = Model()
    context.subscriptions += [
        model,
        *(vscode.commands.register_command(name, work) for name, work in Commands(model).all.items()),
        vscode.workspace.register_text_document_content_provider("git", model),
        vscode.window.register_file_decoration_provider(model),
    ]
    await model.find()
    return GitExtension(model)
