// What can be done with files and folders: made, renamed, moved, deleted, brought and fetched.
import { keysOf } from "../contexts";
import { askAbout, askText, askYes } from "../dialogs";
import { address, call, nameOf, notify, relative, rest, tell, workspace } from "../host";
import { choices, offer } from "../menu";
import { menu } from "../menus";
import { runOn } from "../palette";
import { go } from "../router";
import { dirty, languages } from "./texts";
import { openTrash, restoreLast, TRASH } from "./trash";
import { read, toggle, type Node } from "./tree";

export const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/"));
export const called = (folder: string) => (folder === workspace.value ? "the workspace" : relative(folder));

/** Make a file, or a folder, where one says; what its name begins with may be folders, too. */
export async function make(folder: string, kind: "file" | "folder" | "either"): Promise<void> {
  const what = kind === "folder" ? "New folder" : "New file";
  const name = (await askText({ title: `${what} in ${called(folder)}${kind === "either" ? " (end with / for a folder)" : ""}` }))?.trim().replace(/^\/+/, "");
  if (!name) return;
  const isFolder = kind === "folder" || name.endsWith("/"), path = `${folder}/${name.replace(/\/+$/, "")}`;
  try {
    if (isFolder) await call("workspace.fs.createDirectory", { uri: path });
    else await call("workspace.fs.writeFile", { uri: path, content: "", overwrite: false });
    if (folder !== workspace.value) toggle(folder, true);
    await Promise.all([read(folder), read(folderOf(path))]);
    if (!isFolder) go("files", path.slice(1));
  } catch (error) {
    tell(error);
  }
}

export async function upload(folder: string, files: File[]): Promise<void> {
  for (const file of files)
    try {
      await rest("PUT", "api/v1/files", file, { path: `${folder}/${file.name}` });
      notify(`${file.name} is in ${called(folder)}`);
    } catch (error) {
      tell(error);
    }
  await read(folder).catch(tell);
}

const TO_TRASH = "Move to the trash", RESTORE_MS = 20_000;
/** Delete it, once the user said how: so that it can be brought back, or not. */
export async function remove(one: Node): Promise<void> {
  const what = one.link ? `the link ${relative(one.path)}` : one.folder ? `the folder ${relative(one.path)} and all that is in it` : relative(one.path);
  const unsaved = [...dirty.value].filter((path) => path === one.path || path.startsWith(`${one.path}/`)).length;
  const answer = await askAbout(`Delete ${what}?`, [
    unsaved && `${unsaved === 1 ? "A text there is" : `${unsaved} texts there are`} not saved.`,
    `What is in the trash (${TRASH}) can be brought back, and counts towards your limits until the trash is emptied. What is deleted permanently cannot be brought back.`,
  ], TO_TRASH, "Delete permanently");
  if (answer === null) return;
  try {
    await call("workspace.fs.delete", { uri: one.path, recursive: one.folder, useTrash: answer === TO_TRASH });
    if (answer === TO_TRASH) notify(`${nameOf(one.path)} is in the trash`, "info", RESTORE_MS, { title: "Restore", run: () => void restoreLast(one.path) });
    else notify(`${nameOf(one.path)} is deleted`);
  } catch (error) {
    tell(error);
  }
  await read(folderOf(one.path));
}

export async function rename(one: Node): Promise<void> {
  const before = relative(one.path), start = before.length - one.name.length, dot = one.folder ? -1 : one.name.lastIndexOf(".");
  const name = await askText({ title: `Rename ${one.name}`, value: before, valueSelection: [start, dot > 0 ? start + dot : before.length] });
  if (name?.trim() && name !== before) await renamed(one.path, `${workspace.value}/${name}`);
}

/** Put it into a folder, once the user said so: who drags may have slipped. */
export async function move(path: string, folder: string): Promise<void> {
  if (folderOf(path) === folder || path === folder || folder.startsWith(`${path}/`)) return;
  if (await askYes(`Move ${nameOf(path)} to ${called(folder)}?`, "Move")) await renamed(path, `${folder}/${nameOf(path)}`);
}

/** As an editor does it: extensions hear of it, and open texts go on under the new name. */
export async function renamed(source: string, target: string): Promise<boolean> {
  let isDone = false;
  try {
    const { Shared } = await import("./shared");
    await Shared.flushBelow(source);
    const { applied, failureReason } = await call("workspace.renameFile", { source, target });
    isDone = applied;
    if (!applied) notify(failureReason ?? `${nameOf(source)} was not renamed`, "error");
  } catch (error) {
    tell(error);
  }
  for (const path of [source, target]) await read(folderOf(path)).catch(() => {});
  return isDone;
}

export const download = (path: string) => {
  const link = document.createElement("a");
  link.href = address("api/v1/files", { path }).href;
  link.download = nameOf(path);
  link.click();
};

const copy = (text: string) => void navigator.clipboard.writeText(text).then(() => notify(`copied ${text}`), tell);

/** Offer what can be done with a file or a folder, or without one with the whole workspace. */
export async function offered(one?: Node): Promise<void> {
  const path = one?.path ?? workspace.value, isFile = !!one && !one.folder, folder = isFile ? folderOf(path) : path;
  const language = isFile ? languages.get(path) ?? (await call("languages.getLanguageOf", { uri: path }).catch(() => undefined)) : undefined;
  const about = { ...keysOf(path, language), explorerResourceIsFolder: !isFile, explorerResourceIsRoot: !one, explorerResourceReadonly: false, explorerViewletFocus: true, filesExplorerFocus: true };
  const theirs = choices(menu("explorer/context", about), (command) => void runOn(command, path, [path]));
  const made = [{ title: "New file…", run: () => void make(folder, "file") }, { title: "New folder…", run: () => void make(folder, "folder") }];
  const own = one ? [
    { title: "Rename…", run: () => void rename(one) }, { title: "Delete…", run: () => void remove(one) },
    ...(isFile ? [{ title: "Download", run: () => download(path) }] : []), { title: "Copy its path", run: () => copy(path) },
  ] : [{ title: "Restore from the trash…", run: () => void openTrash() }];
  await offer(nameOf(path), [...theirs, ...own, ...made]);
}
