// What the page knows of open files without their texts: which are in tabs, and which are not saved. The host keeps both over a reload.
import { signal } from "@preact/signals";
import { began, call, isVirtual, opens, pathOf } from "../host";
import { fileOf, go, place, restOf } from "../router";

export type Side = "tree" | "search" | "outline" | "problems";
/** What stands beside the editor. */
export const side = signal<Side>("tree");
const TABS = "roost.tabs";
export const tabs = signal<string[]>(remembered());
export const dirty = signal(new Set<string>());
/** The languages of files that were opened, by VS Code's names. */
export const languages = new Map<string, string>();
/** The versions of texts that changed while the page looked on. */
export const changedTexts = signal(new Map<string, number>());
/** Texts that were typed and did not reach the host yet: only those would be lost with the page. */
export const unsent = new Set<string>();

tabs.subscribe((all) => sessionStorage.setItem(TABS, JSON.stringify(all.filter((one) => !isVirtual(one)).slice(-50))));
addEventListener("beforeunload", (event) => unsent.size && event.preventDefault());

function remembered(): string[] {
  try {
    return JSON.parse(sessionStorage.getItem(TABS) ?? "[]");
  } catch {
    return [];
  }
}

export function setDirty(path: string, is: boolean): void {
  if (dirty.value.has(path) === is) return;
  const next = new Set(dirty.value);
  if (is) next.add(path);
  else next.delete(path);
  dirty.value = next;
}

export function openTab(path: string): void {
  if (!tabs.value.includes(path)) tabs.value = [...tabs.value, path];
}

/** A file or a folder has another name: the tabs of what is open below it go along. */
function moved(source: string, target: string): void {
  const after = (path: string) => (path === source || path.startsWith(`${source}/`) ? target + path.slice(source.length) : path);
  const old = tabs.value.filter((one) => after(one) !== one && !unsent.has(one)), { screen, rest } = place.value, shown = fileOf(rest);
  for (const one of old) setDirty(after(one), dirty.value.has(one)), setDirty(one, false);
  tabs.value = [...new Set(tabs.value.map((one) => (old.includes(one) ? after(one) : one)))];
  if (screen === "files" && old.includes(shown)) go("files", restOf(after(shown)));
  void import("./shared").then(({ Shared }) => old.map((one) => Shared.find(one)?.close().catch(() => {})));
}

// what was not saved is still there after a reload, a crash of the browser, or the end of the host
opens((whole) => whole && void call("workspace.textDocuments", {}).then((all: any[]) => {
  for (const one of all) {
    if (!one.uri.startsWith("file:")) continue;
    setDirty(pathOf(one.uri), one.isDirty);
    if (one.isDirty) openTab(pathOf(one.uri));
  }
}, () => {}));
began((link) => {
  link.on("workspace.onDidChangeTextDocument", ({ uri, version, isDirty }) => {
    if (!uri.startsWith("file:")) return;
    setDirty(pathOf(uri), isDirty || unsent.has(pathOf(uri)));
    changedTexts.value = new Map(changedTexts.value).set(pathOf(uri), version);
  });
  link.on("workspace.onDidRenameFiles", ({ files }) => files.forEach((one: any) => moved(pathOf(one.oldUri), pathOf(one.newUri))));
  link.on("workspace.onDidCloseTextDocument", ({ uri }) => uri.startsWith("file:") && setDirty(pathOf(uri), false));
});
