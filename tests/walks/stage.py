"""An extension that shows, provides and runs something of everything, its user's mark in it. No host code is here."""

from __future__ import annotations

from pathlib import Path

from tests.people import extension

MANIFEST = """
activation_events = ["onCommand:stage.show"]
contributes.commands = [{ command = "stage.show", title = "Show" }]
contributes.task_definitions = [{ type = "stage" }]

[[contributes.views.explorer]]
id = "stage.tree"
name = "Stage"
"""

CODE = """
import asyncio
import shim as vscode
from shim import AuthenticationSession, AuthenticationSessionAccountInformation, Command, ShellExecution, Task

mark = ""

class Tasks:
    def provide_tasks(self, token):
        return [Task({"type": "stage"}, vscode.TaskScope.WORKSPACE, mark, "stage", ShellExecution(f"echo {mark}"))]

class Login:
    def get_sessions(self, scopes, options):
        return [AuthenticationSession("s", "t", AuthenticationSessionAccountInformation("1", mark), [])]
    def create_session(self, scopes, options):
        raise NotImplementedError
    def remove_session(self, id):
        pass

class Decorations:
    def provide_file_decoration(self, uri, token):
        return vscode.FileDecoration("M", mark)

class Tree:
    def get_children(self, element=None):
        return [] if element else [mark, "leaf"]
    def get_tree_item(self, element):
        return vscode.TreeItem(element, vscode.TreeItemCollapsibleState.COLLAPSED)

class Knows:
    def provide_completion_items(self, document, position, token, context):
        return [vscode.CompletionItem(mark)]
    def resolve_completion_item(self, item, token):
        item.detail = mark
        return item
    def provide_hover(self, document, position, token):
        return vscode.Hover(mark)
    def provide_definition(self, document, position, token):
        return vscode.Location(document.uri, position)
    def provide_code_lenses(self, document, token):
        return [vscode.CodeLens(vscode.Range(0, 0, 0, 1), Command(mark, "stage.heard"))]
    def provide_document_symbols(self, document, token):
        place = vscode.Range(0, 0, 0, 1)
        return [vscode.DocumentSymbol(mark, "", vscode.SymbolKind.CLASS, place, place)]

def show(given):
    global mark
    mark = given
    item = vscode.window.create_status_bar_item(vscode.StatusBarAlignment.LEFT, 5)
    item.text, item.command = mark, Command(mark, "stage.heard")
    item.show()
    vscode.window.create_output_channel(mark, log=True).info(mark)
    pick = vscode.window.create_quick_pick()
    pick.items = [vscode.QuickPickItem(mark), vscode.QuickPickItem("two")]
    pick.show()
    control = vscode.scm.create_source_control("stage", mark)
    control.accept_input_command = Command("Commit", "stage.heard")
    group = control.create_resource_group("index", mark)
    group.resource_states = [vscode.SourceControlResourceState(vscode.Uri.file("/workspace/free/a.py"))]
    panel = vscode.window.create_webview_panel("stage.page", mark, vscode.ViewColumn.ONE, enable_scripts=True)
    panel.webview.html = f"<p>{mark}</p>"
    vscode.window.with_progress(work, location=vscode.ProgressLocation.NOTIFICATION, title=mark, cancellable=True)

async def work(progress, token):
    progress.report(mark, 10)
    stop = asyncio.Event()
    token.on_cancellation_requested(lambda _: stop.set())
    await stop.wait()

def activate(context):
    every = {"scheme": "file"}
    context.subscriptions += [
        vscode.commands.register_command("stage.show", show),
        vscode.commands.register_command("stage.heard", lambda *given: mark),
        vscode.tasks.register_task_provider("stage", Tasks()),
        vscode.authentication.register_authentication_provider("stage", "Stage", Login()),
        vscode.window.register_file_decoration_provider(Decorations()),
        vscode.window.register_tree_data_provider("stage.tree", Tree()),
        vscode.languages.register_completion_item_provider(every, Knows()),
        vscode.languages.register_hover_provider(every, Knows()),
        vscode.languages.register_definition_provider(every, Knows()),
        vscode.languages.register_code_lens_provider(every, Knows()),
        vscode.languages.register_document_symbol_provider(every, Knows()),
    ]
"""


def planted(folder: Path) -> Path:
    """The extension, in `folder`."""
    return extension(folder, "stage", MANIFEST, extension=CODE)
