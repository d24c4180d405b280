// Context keys: what is so in this page, what extensions set, and settings. `when.ts` judges clauses by them.
import { signal } from "@preact/signals";
import { dirty, languages } from "./files/texts";
import { began, call, isVirtual, opens } from "./host";
import { isOpen } from "./panel";
import { fileOf, place } from "./router";
import type { Context } from "./when";

const given = signal<Record<string, unknown>>({});
/** The user's settings, once somebody has asked for them. */
export const settings = signal<any>(null);
/** What was told of each key, and when: an answer that was asked for earlier may come later. */
const told = new Map<string, [number, unknown]>();

opens((whole) => {
  if (whole) void call("commands.getContext", {}).then(({ seq, keys }) => {
    const later = [...told].flatMap(([key, [at, value]]) => (at > seq ? [[key, value]] : []));
    given.value = { ...keys, ...Object.fromEntries(later) };
  }, () => {});
});
began((link) => {
  link.on("commands.onDidSetContext", ({ key, value }, seq) => {
    told.set(key, [seq, value]);
    given.value = { ...given.value, [key]: value ?? undefined };
  });
  link.on("workspace.onDidChangeConfiguration", () => settings.value && readSettings());
});

/** Have `config.…` keys, which only some clauses ask for. */
export const readSettings = () => void call("workspace.getConfiguration", {}).then((all) => (settings.value = all), () => {});

/** What is open in the editor, as a path. */
export const fileShown = () => (place.value.screen === "files" && !isVirtual(place.value.rest) ? fileOf(place.value.rest) : "");
const within = (selector: string) => !!document.activeElement?.closest(selector);
const isOf = (system: RegExp) => () => system.test(navigator.platform);
const shows = (screen: string) => () => place.value.screen === screen;
const onFile = (value: () => unknown) => () => (fileShown() ? value() : undefined);
const language = onFile(() => languages.get(fileShown()));
const inEditor = () => within(".cm-editor");

export const uriOf = (path: string) => (isVirtual(path) ? path : new URL(`file://${path.split("/").map(encodeURIComponent).join("/")}`).href);
/** What the keys of VS Code say of a resource: a file or a folder by its path, or what an extension has the text of. */
export function keysOf(path: string, language = languages.get(path)): Record<string, unknown> {
  const uri = new URL(uriOf(path)), whole = decodeURIComponent(uri.pathname), at = whole.lastIndexOf("/"), name = whole.slice(at + 1);
  return {
    resource: uri.href, resourceSet: true, resourceScheme: uri.protocol.slice(0, -1), isFileSystemResource: uri.protocol === "file:", resourcePath: whole,
    resourceDirname: whole.slice(0, at) || "/", resourceFilename: name, resourceExtname: /(?<=[^])\.[^.]*$/.exec(name)?.[0] ?? "", resourceLangId: language,
  };
}
const VIEWLETS: Record<string, string> = { files: "workbench.view.explorer", changes: "workbench.view.scm" };

/** VS Code's keys that mean something here. */
const OWN: Record<string, () => unknown> = {
  isWeb: () => true, isLinux: isOf(/linux/i), isMac: isOf(/mac|iphone|ipad/i), isWindows: isOf(/win/i),
  workspaceFolderCount: () => 1, workbenchState: () => "folder", isWorkspaceTrusted: () => true,
  shellExecutionSupported: () => true, processExecutionSupported: () => true, customExecutionSupported: () => true,
  ...Object.fromEntries(Object.keys(keysOf("/")).map((key) => [key, onFile(() => keysOf(fileShown())[key])])), editorLangId: language,
  editorIsOpen: () => !!fileShown(), activeEditor: onFile(() => "workbench.editors.files.textFileEditor"), activeEditorIsDirty: () => dirty.value.has(fileShown()), editorReadonly: () => false,
  editorFocus: inEditor, editorTextFocus: inEditor, textInputFocus: inEditor, inputFocus: () => within("input, textarea, [contenteditable=true]"), terminalFocus: () => within(".xterm, .ahead"),
  editorHasSelection: () => inEditor() && !getSelection()?.isCollapsed,
  activeViewlet: () => VIEWLETS[place.value.screen], explorerViewletVisible: shows("files"), terminalIsOpen: () => isOpen.value || place.value.screen === "terminal",
};

/** The keys as they are now; `more` are those of one place, and come first. */
export function context(more: Record<string, unknown> = {}): Context {
  const set = given.value, all = settings.value;
  return (key) => {
    if (Object.hasOwn(more, key)) return more[key];
    if (Object.hasOwn(set, key)) return set[key];
    if (key.startsWith("config.")) return setting(all, key.slice(7).split("."));
    return Object.hasOwn(OWN, key) ? OWN[key]!() : undefined;
  };
}

function setting(all: any, names: string[]): unknown {
  for (const one of names) all = all != null && typeof all === "object" ? all[one] : undefined;
  return Array.isArray(all) ? JSON.stringify(all) : all;
}
