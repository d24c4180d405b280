// The tree of the workspace: folders read when they are opened, kept up by a watch.
import { computed, signal } from "@preact/signals";
import { began, call, pathOf, workspace } from "../host";

export type Node = { path: string; name: string; folder: boolean; link: boolean; depth: number; open: boolean };
type Entry = { name: string; type: number };

const folders = signal(new Map<string, Entry[]>());
const open = signal(new Set<string>());
/** The path that was chosen last: new files come beside it, or into it. */
export const cursor = signal("");
const hidden = signal<RegExp[] | null>(null);
export const changedOnDisk = signal<{ paths: Set<string>; at: number }>({ paths: new Set(), at: 0 });

export const rows = computed(() => {
  const found: Node[] = [], base = workspace.value.length + 1;
  const isHidden = (path: string) => !!hidden.value?.some((one) => one.test(path) || one.test(`${path}/`));
  const add = (folder: string, depth: number) => {
    for (const { name, type } of folders.value.get(folder) ?? []) {
      const path = `${folder}/${name}`, isFolder = (type & 2) !== 0, isOpen = open.value.has(path);
      if (isHidden(path.slice(base))) continue;
      found.push({ path, name, folder: isFolder, link: (type & 64) !== 0, depth, open: isOpen });
      if (isFolder && isOpen) add(path, depth + 1);
    }
  };
  add(workspace.value, 0);
  return found;
});
export const loaded = computed(() => folders.value.has(workspace.value) && hidden.value !== null);

/** A pattern of `files.exclude`; none where it cannot be read. */
function patternOf(glob: string): RegExp[] {
  const parts: Record<string, string> = { "**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", ...(glob.includes("{") ? { "{": "(?:", "}": ")", ",": "|" } : {}) };
  try {
    return [new RegExp(`^${glob.replace(/\*\*\/|\*\*|[*?{},.+^$()|\\]/g, (one) => parts[one] ?? `\\${one}`)}$`)];
  } catch {
    return [];
  }
}

/** What the tree leaves out: the setting `files.exclude`. */
const hide = () => call("workspace.getConfiguration", { section: "files.exclude" }).then(
  (found) => (hidden.value = Object.entries(found ?? {}).flatMap(([glob, is]) => (is === true ? patternOf(glob) : []))),
  () => (hidden.value ??= []),
);

export async function read(folder: string): Promise<void> {
  try {
    const all = (await call("workspace.fs.readDirectory", { uri: folder })) as [string, number][];
    const entries = all.map(([name, type]) => ({ name, type })).sort((a, b) => (b.type & 2) - (a.type & 2) || a.name.localeCompare(b.name, undefined, { numeric: true }));
    folders.value = new Map(folders.value).set(folder, entries);
  } catch (error) {
    if (folder === workspace.value) throw error;
    const rest = new Map(folders.value);
    rest.delete(folder);
    folders.value = rest;
  }
}

export function toggle(path: string, want?: boolean): void {
  const next = new Set(open.value), isOpen = want === undefined ? !next.has(path) : !want;
  if (want ?? !next.has(path)) next.add(path);
  else next.delete(path);
  open.value = next;
  if (!isOpen || next.has(path)) void read(path);
}

/** Open all folders above a path. */
export function reveal(path: string): void {
  const parts = path.slice(workspace.value.length + 1).split("/");
  if (!path.startsWith(`${workspace.value}/`)) return;
  for (let at = 1; at < parts.length; at++) {
    const folder = `${workspace.value}/${parts.slice(0, at).join("/")}`;
    if (!open.value.has(folder)) toggle(folder, true);
  }
}

let begun = false, stale = new Set<string>(), timer = 0;
export function begin(): void {
  if (begun) return;
  begun = true;
  began((link) => {
    const start = (whole: boolean) => {
      const watch = () => void call("workspace.watch", { glob: "**/*" }).catch((error) => error.code === -32010 && setTimeout(watch, 30_000)); // there may be room later
      watch();
      void hide();
      if (whole || !loaded.value) for (const folder of [workspace.value, ...open.value]) void read(folder).catch(() => {});
    };
    link.onOpen.add(start);
    if (link.status.value === "connected") start(true);
    link.on("workspace.onDidChangeConfiguration", ({ keys }: { keys: string[] }) => keys.some((key) => key.startsWith("files")) && void hide());
    link.on("workspace.onDidChangeFiles", ({ changes }: { changes: { uri: string; type: number }[] }) => {
      const paths = changes.map((one) => pathOf(one.uri));
      changedOnDisk.value = { paths: new Set(paths), at: Date.now() };
      for (const [index, path] of paths.entries()) if (changes[index]!.type !== 1) stale.add(path.slice(0, path.lastIndexOf("/")));
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        for (const folder of stale) if (folders.value.has(folder)) void read(folder).catch(() => {});
        stale = new Set();
      }, 150);
    });
  });
}
