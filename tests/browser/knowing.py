"""An extension that knows a small language, for the tests of the editor: `let NAME` defines, `use NAME` uses."""

from __future__ import annotations

from pathlib import Path

MANIFEST = """
name = "knowing"
publisher = "acme"
version = "1.0.0"
activation_events = ["onLanguage:letter"]
contributes.languages = [{ id = "letter", extensions = [".let"] }]
contributes.commands = [
  { command = "knowing.sign", title = "Sign", category = "Knowing" },
  { command = "knowing.point", title = "Point", category = "Knowing" },
  { command = "knowing.mark", title = "Mark", category = "Knowing" },
  { command = "knowing.line", title = "Line", category = "Knowing" },
  { command = "knowing.differ", title = "Differ", category = "Knowing" },
]
"""

CODE = """
import re
import shim as vscode

WORD = re.compile(r"\\b(let|use) (\\w+)")

class Letter:
    def provide_completion_items(self, document, position, token, context):
        snippet = vscode.CompletionItem("letting", vscode.CompletionItemKind.SNIPPET)
        snippet.insert_text = vscode.SnippetString("let ${1:name}")
        names = [vscode.CompletionItem(name, vscode.CompletionItemKind.VARIABLE) for name in defined(document)]
        return [*names, snippet]

    def resolve_completion_item(self, item, token):
        item.documentation = vscode.MarkdownString(f"All about **{item.label}**")
        return item

    def provide_hover(self, document, position, token):
        word = document.get_text(document.get_word_range_at_position(position))
        return vscode.Hover(vscode.MarkdownString(f"*{word}* is a letter"))

    def provide_definition(self, document, position, token):
        word = document.get_text(document.get_word_range_at_position(position))
        place = defined(document).get(word)
        return place and vscode.Location(document.uri, place)

    def provide_signature_help(self, document, position, token, context):
        before = document.line_at(position.line).text[:position.character]
        name, opened, given = before.rpartition("(")
        if not opened or ")" in given:
            return None
        prices = vscode.ParameterInformation("prices", "what is in it")
        discount = vscode.ParameterInformation((14, 22), "from 0 to 1")
        costs = vscode.MarkdownString("What a *cart* costs")
        ways = [
            vscode.SignatureInformation("total(prices, discount)", costs, [prices, discount]),
            vscode.SignatureInformation("total(cart)", None, [vscode.ParameterInformation("cart")]),
        ]
        return vscode.SignatureHelp(ways, 0, given.count(","))

    def provide_document_symbols(self, document, token):
        return [vscode.DocumentSymbol(name, "", vscode.SymbolKind.VARIABLE, place, place)
                for name, place in defined(document).items()]

    def provide_document_formatting_edits(self, document, options, token):
        return [vscode.TextEdit.replace(document.line_at(line).range, document.line_at(line).text.strip())
                for line in range(document.line_count)
                if document.line_at(line).text != document.line_at(line).text.strip()]

    def provide_on_type_formatting_edits(self, document, position, ch, options, token):
        line = document.line_at(position.line)
        return [vscode.TextEdit.replace(line.range, line.text.strip())]

    def provide_rename_edits(self, document, position, new_name, token):
        word, edit = document.get_text(document.get_word_range_at_position(position)), vscode.WorkspaceEdit()
        for found in WORD.finditer(document.get_text()):
            if found[2] == word:
                edit.replace(document.uri, of(document, found), new_name)
        return edit

    def provide_code_actions(self, document, range, context, token):
        actions = []
        for one in context.diagnostics:
            action = vscode.CodeAction("Define it", vscode.CodeActionKind.QUICK_FIX)
            action.edit = vscode.WorkspaceEdit()
            action.edit.insert(document.uri, vscode.Position(0, 0), f"let {document.get_text(one.range)}\\n")
            actions.append(action)
        return actions

def of(document, found):
    return vscode.Range(document.position_at(found.start(2)), document.position_at(found.end(2)))

def defined(document):
    return {one[2]: of(document, one) for one in WORD.finditer(document.get_text()) if one[1] == "let"}

def look(document):
    if document.language_id == "letter":
        known = defined(document)
        wrong.set(document.uri, [
            vscode.Diagnostic(of(document, one), f"{one[2]} is not defined", vscode.DiagnosticSeverity.ERROR)
            for one in WORD.finditer(document.get_text()) if one[1] == "use" and one[2] not in known
        ])

async def sign():
    editor = vscode.window.active_text_editor
    await editor.edit(lambda edit: edit.insert(editor.selection.active, "SIGNED"))

async def point():
    uri = vscode.Uri.join_path(vscode.workspace.workspace_folders[0].uri, "pointed.let")
    await vscode.window.show_text_document(uri, selection=vscode.Range(70, 4, 70, 9))

async def differ():
    folder = vscode.workspace.workspace_folders[0].uri
    before, after = (vscode.Uri.join_path(folder, name) for name in ("before.let", "after.let"))
    await vscode.commands.execute_command("vscode.diff", before, after, "what is other")

def mark():
    editor, first = vscode.window.active_text_editor, vscode.Range(0, 4, 0, 9)
    said = vscode.DecorationOptions(first, "**looked at** twice", {"after": {"content_text": " by Ada"}})
    editor.set_decorations(loud, [] if marked else [said])
    editor.set_decorations(line, [] if marked else [vscode.Range(1, 0, 1, 0)])
    marked[:] = [] if marked else [True]

def last_line():
    editor = vscode.window.active_text_editor
    end = editor.document.line_count - 2
    editor.set_decorations(line, [vscode.Range(end, 0, end, 0)])

def activate(context):
    global wrong, loud, line, marked
    loud = vscode.window.create_text_editor_decoration_type(background_color="rgb(255, 230, 1)", font_weight="700",
        dark={"background_color": "rgb(90, 80, 1)"}, after={"color": vscode.ThemeColor("editorCodeLens.foreground")})
    line = vscode.window.create_text_editor_decoration_type(is_whole_line=True, background_color="rgb(1, 2, 250)")
    marked = []
    wrong, letter = vscode.languages.create_diagnostic_collection("letter"), Letter()
    for kind in ("hover", "definition", "document_symbol", "document_formatting_edit", "rename", "code_actions"):
        register = getattr(vscode.languages, f"register_{kind}_provider")
        context.subscriptions.append(register("letter", letter))
    context.subscriptions += [
        wrong, vscode.languages.register_completion_item_provider("letter", letter, "."),
        vscode.languages.register_on_type_formatting_edit_provider("letter", letter, ";"),
        vscode.languages.register_signature_help_provider("letter", letter, "(", ","),
        vscode.workspace.on_did_open_text_document(look),
        vscode.workspace.on_did_change_text_document(lambda event: look(event.document)),
        vscode.commands.register_command("knowing.sign", sign),
        vscode.commands.register_command("knowing.point", point),
        vscode.commands.register_command("knowing.mark", mark),
        vscode.commands.register_command("knowing.line", last_line),
        vscode.commands.register_command("knowing.differ", differ),
    ]
    for document in vscode.workspace.text_documents:
        look(document)
"""


def write(folder: Path) -> Path:
    """The extension, in a folder of extensions."""
    place = folder / "knowing"
    place.mkdir(parents=True)
    (place / "extension.toml").write_text(MANIFEST)
    (place / "extension.py").write_text(CODE)
    return folder
