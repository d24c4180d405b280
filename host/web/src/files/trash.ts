// What was deleted and can be brought back: shown with where it was and when it went.
import { askYes, choose } from "../dialogs";
import { call, nameOf, notify, pathOf, relative, tell } from "../host";
import type { Trashed } from "../wire";
import { called, folderOf, renamed } from "./acts";

export const TRASH = "~/.local/share/Trash";
const FOLDER = 2;

/** Let the user choose what comes back. */
export async function openTrash(): Promise<void> {
  try {
    const all = await call("workspace.fs.readTrash", {});
    if (!all.length) return notify("The trash is empty");
    const at = await choose("Restore from the trash", all.map((one) => ({ label: nameOf(one.was), description: shown(one) })));
    if (at !== null) await restore(all[at]!);
  } catch (error) {
    tell(error);
  }
}

const shown = (one: Trashed) => `${one.type === FOLDER ? "folder in" : "in"} ${called(folderOf(pathOf(one.was)))}, deleted ${new Date(one.deleted).toLocaleString()}`;

/** Bring back what was last deleted there. */
export async function restoreLast(path: string): Promise<void> {
  try {
    const found = (await call("workspace.fs.readTrash", {})).find((one) => pathOf(one.was) === path);
    if (found) await restore(found);
    else notify(`${nameOf(path)} is not in the trash any more`, "error");
  } catch (error) {
    tell(error);
  }
}

/** Bring it back, where nothing else is in its place by now. */
async function restore({ uri, was }: Trashed): Promise<void> {
  if (!(await renamed(pathOf(uri), pathOf(was)))) return;
  await call("workspace.fs.delete", { uri: uri.replace(/\/files\/([^/]+)$/, "/info/$1.trashinfo") }).catch(() => {}); // the note of where it was
  notify(`${relative(pathOf(was))} is back`);
}

/** Delete for good all that is in there, once the user said so. */
export async function emptyTrash(): Promise<void> {
  try {
    const [first, ...more] = await call("workspace.fs.readTrash", {});
    if (!first) return notify("The trash is empty");
    const what = more.length ? `all of the ${more.length + 1} files and folders` : nameOf(first.was);
    if (!(await askYes(`Delete ${what} in the trash permanently? That cannot be brought back.`, "Delete permanently"))) return;
    const trash = folderOf(folderOf(pathOf(first.uri)));
    for (const part of ["files", "info"]) await call("workspace.fs.delete", { uri: `${trash}/${part}`, recursive: true });
    notify("The trash is empty");
  } catch (error) {
    tell(error);
  }
}
