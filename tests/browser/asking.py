"""An extension that asks its user things, shows a page in a frame and tells of itself, for the tests of the page."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

MANIFEST = """
name = "asking"
publisher = "acme"
version = "1.0.0"

[[contributes.commands]]
command = "asking.colour"
title = "Choose a Colour"
category = "Asking"

[[contributes.commands]]
command = "asking.two"
title = "Two at Once"
category = "Asking"

[[contributes.commands]]
command = "asking.frame"
title = "Show a Frame"
category = "Asking"

[[contributes.commands]]
command = "asking.count"
title = "Count"
category = "Asking"

[[contributes.commands]]
command = "asking.repeat"
title = "Say Again"
category = "Asking"

[[contributes.commands]]
command = "asking.inner"
title = "Inner Thing"
category = "Asking"

[[contributes.menus.commandPalette]]
command = "asking.inner"
when = "false"

[[contributes.commands]]
command = "asking.open"
title = "Open the Door"
category = "Asking"

[[contributes.commands]]
command = "asking.close"
title = "Close the Door"
category = "Asking"
enablement = "asking.isOpen"

[[contributes.commands]]
command = "asking.shout"
title = "Shout"
category = "Asking"

[[contributes.menus.commandPalette]]
command = "asking.open"
when = "!asking.isOpen"

[[contributes.menus.commandPalette]]
command = "asking.shout"
when = "asking.isOpen && (resourceExtname == .py || config.asking.loud) && editorLangId =~ /^(python|markdown)$/"

[[contributes.commands]]
command = "asking.feed"
title = "Feed"
category = "Asking"
icon = "$(add)"

[[contributes.commands]]
command = "asking.free"
title = "Set Free"
category = "Asking"
enablement = "asking.isOpen"

[[contributes.views.explorer]]
id = "asking.zoo"
name = "Zoo"
when = "!asking.isHidden"

[[contributes.menus."view/title"]]
command = "asking.open"
when = "view == asking.zoo && !asking.isOpen"

[[contributes.menus."view/item/context"]]
command = "asking.feed"
group = "inline"
when = "view == asking.zoo && viewItem =~ /hungry/"

[[contributes.menus."view/item/context"]]
command = "asking.free"
when = "view == asking.zoo && viewItem != plant"

[[contributes.commands]]
command = "asking.stamp"
title = "Stamp"
icon = "$(check)"

[[contributes.commands]]
command = "asking.weigh"
title = "Weigh"

[[contributes.menus.commandPalette]]
command = "asking.stamp"
when = "false"

[[contributes.menus."editor/title"]]
command = "asking.stamp"
group = "navigation"
when = "resourceScheme == file && resourceLangId == python"

[[contributes.menus."editor/title"]]
command = "asking.weigh"
when = "resourceFilename == README.md"

[[contributes.menus."editor/context"]]
command = "asking.stamp"
when = "editorTextFocus && editorLangId == python && !editorReadonly"

[[contributes.menus."explorer/context"]]
command = "asking.weigh"
group = "2_weigh"
when = "explorerResourceIsFolder && resourceFilename != secret"

[[contributes.menus."explorer/context"]]
command = "asking.stamp"
group = "1_stamp"
when = "resourceExtname == .toml && resourceLangId == toml && !explorerResourceIsFolder"

[[contributes.submenus]]
id = "asking.more"
label = "More of It"

[[contributes.menus."explorer/context"]]
submenu = "asking.more"
group = "3_more"
when = "resourceFilename == README.md"

[[contributes.menus."asking.more"]]
command = "asking.weigh"

[[contributes.menus."asking.more"]]
command = "asking.stamp"
when = "resourceScheme == nothing"

[[contributes.keybindings]]
command = "asking.open"
key = "ctrl+alt+d"
when = "!asking.isOpen"

[[contributes.keybindings]]
command = "asking.close"
key = "ctrl+alt+d"
when = "asking.isOpen"

[[contributes.keybindings]]
command = "asking.repeat"
key = "alt+q shift+alt+1"
args = "again"
when = "editorTextFocus"

[[contributes.keybindings]]
command = "asking.repeat"
key = "ctrl+k ctrl+r"
args = "the palette's own"
when = "asking.isOpen"

[contributes.configuration]
title = "Asking"

[contributes.configuration.properties."asking.loud"]
type = "boolean"
default = false
description = "Say it in capitals."
"""

CODE = '''
import asyncio
import shim as vscode

async def colour():
    wrong = lambda text: None if text else "say one"
    name = await vscode.window.show_input_box(title="Your name", validate_input=wrong)
    pick = await vscode.window.show_quick_pick(["red", "green", "blue"], place_holder="Which colour")
    sure = await vscode.window.show_warning_message(f"{name} likes {pick}", "So it is", modal=True)
    if vscode.workspace.get_configuration("asking").get("loud"):
        sure = sure.upper()
    return sure

async def two():
    ask = vscode.window.show_input_box
    return " and ".join(await asyncio.gather(ask(title="First"), ask(title="Second", value="second")))

def frame():
    panel = vscode.window.create_webview_panel("asking.frame", "A Frame", vscode.ViewColumn.ONE, enable_scripts=True)
    panel.webview.on_did_receive_message(lambda message: panel.webview.post_message({"twice": message["number"] * 2}))
    panel.webview.html = """<!doctype html><p id=said>nothing yet</p><script nonce="frame">
      const said = document.getElementById("said");
      addEventListener("message", (event) => { said.textContent = "heard " + event.data.twice; });
      acquireVsCodeApi().postMessage({number: 21});
    </script>"""

def repeat(text, how_often, between=" "):
    return between.join([text] * how_often)

def inner():
    return "nobody runs it by its name"

def door(is_open):
    vscode.commands.execute_command("setContext", "asking.isOpen", is_open)
    return "the door is open" if is_open else "the door is shut"

def stamp(uri):
    return f"stamped {uri.scheme} {uri.path.rpartition('/')[2]}"

def weigh(uri, uris=None):
    return f"{uri.path.rpartition('/')[2]} of {uris and [str(one) == str(uri) for one in uris]}"

class Zoo:
    on_did_change_tree_data = None

    def get_children(self, element=None):
        return [] if element else ["lion", "oak"]

    def get_tree_item(self, element):
        item = vscode.TreeItem(element)
        item.context_value = {"lion": "animal hungry", "oak": "plant"}[element]
        return item

def count():
    item.text = str(int(item.text) + 1)
    item.show()

def activate(context):
    global item
    item = vscode.window.create_status_bar_item(vscode.StatusBarAlignment.LEFT, 1)
    item.text = "0"
    for name, is_open in (("open", True), ("close", False)):
        run = lambda is_open=is_open: door(is_open)
        context.subscriptions.append(vscode.commands.register_command(f"asking.{name}", run))
    context.subscriptions.append(vscode.window.create_tree_view("asking.zoo", tree_data_provider=Zoo()))
    for name, done in (("feed", "is fed"), ("free", "is free")):
        run = lambda animal, done=done: vscode.window.show_information_message(f"the {animal} {done}")
        context.subscriptions.append(vscode.commands.register_command(f"asking.{name}", run))
    context.subscriptions.append(vscode.commands.register_command("asking.shout", lambda: "HO"))
    for name in ("colour", "two", "frame", "count", "repeat", "inner", "stamp", "weigh"):
        context.subscriptions.append(vscode.commands.register_command(f"asking.{name}", globals()[name]))
'''


def write(folder: Path) -> Path:
    """The extension, in a folder of extensions."""
    place = folder / "asking"
    place.mkdir(parents=True)
    (place / "extension.toml").write_text(MANIFEST)
    (place / "extension.py").write_text(dedent(CODE))
    return folder
