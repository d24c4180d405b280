// What the page knows of open files without their texts: which are in tabs, and which are not saved. The host keeps both over a reload.
import { signal } from "@preact/signals";
import { began, call, isVirtual, opens, pathOf } from "../host";

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
  link.on("workspace.onDidCloseTextDocument", ({ uri }) => uri.startsWith("file:") && setDirty(pathOf(uri), false));
});
