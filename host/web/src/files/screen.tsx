// Files: the tree, open files in tabs, the editor (loaded when the first file is opened), search, upload and download.
import { useEffect, useRef, useState } from "preact/hooks";
import { keysOf } from "../contexts";
import { askOf, askText, askYes } from "../dialogs";
import { address, call, isVirtual, nameOf, notify, relative, rest, tell, workspace } from "../host";
import { Icon } from "../icons";
import { lazy } from "../lazy";
import { choices, offer } from "../menu";
import { contributed, menu } from "../menus";
import { openFiles, runOn } from "../palette";
import { fileOf, go, restOf } from "../router";
import { Search } from "./search";
import { classOf, Letter, marks, want } from "./marks";
import { begin, loaded, read, reveal, rows, toggle, type Node } from "./tree";
import { counted } from "./problems";
import { Outline, Problems } from "./sides";
import { dirty, languages, openTab, tabs } from "./texts";

const Editor = lazy(() => import("./editor").then((one) => one.Editor));
const SIDES = [["tree", "Files", "files"], ["search", "Search", "search"], ["outline", "Outline", "outline"], ["problems", "Problems", "problems"]] as const;
type Side = (typeof SIDES)[number][0];
const ROW = 24;

export function FilesScreen({ path }: { path: string }) {
  const file = fileOf(path), [side, setSide] = useState<Side>("tree"), [errors, warnings] = counted.value;
  useEffect(begin, []);
  useEffect(() => {
    if (!file) return;
    openTab(file);
    if (!isVirtual(file)) reveal(file);
  }, [file]);
  const close = async (one: string) => {
    const { closeDocument, saveDocument } = await import("./editor");
    const answer = dirty.value.has(one) ? await askOf(`${nameOf(one)} is not saved`, "Save", "Do not save") : "";
    if (answer === null || (answer === "Save" && !(await saveDocument(one)))) return;
    const at = tabs.value.indexOf(one), rest = tabs.value.filter((other) => other !== one);
    tabs.value = rest;
    if (one === file) go("files", restOf(rest[Math.min(at, rest.length - 1)] ?? ""));
    await closeDocument(one, answer === "Do not save").catch(tell);
  };
  return (
    <div class="split">
      <aside class="side" aria-label="Explorer">
        <div class="bar">
          <div class="tabs" role="group" aria-label="Explorer">
            {SIDES.map(([name, title, icon]) => (
              <button key={name} aria-current={side === name} title={title} onClick={() => setSide(name)}>
                <Icon name={icon} /><span class={side === name ? undefined : "unseen"}>{title}</span>
                {name === "problems" && errors + warnings > 0 && <b class={errors ? "count error" : "count"}>{errors + warnings}</b>}
              </button>
            ))}
          </div>
          <span class="gap" />
          {side === "tree" && <TreeActions file={file} />}
        </div>
        {side === "tree" ? <Tree file={file} /> : side === "search" ? <Search /> : side === "outline" ? <Outline key={file} file={file} /> : <Problems />}
      </aside>
      <section class="work" aria-label="Editor">
        {tabs.value.length > 0 && (
          <div class="bar">
            <div class="tabs" role="group" aria-label="Open files">
              {tabs.value.map((one) => (
                <span key={one} class="tab">
                  <button aria-current={one === file} title={one} onClick={() => go("files", restOf(one))}>{nameOf(one)}{dirty.value.has(one) && <em aria-label="not saved"> ●</em>}</button>
                  <button class="plain" aria-label={`Close ${nameOf(one)}`} onClick={() => void close(one)}><Icon name="close" size={12} /></button>
                </span>
              ))}
            </div>
          </div>
        )}
        {file ? <Editor key={file} path={file} /> : <div class="empty"><h2>No file is open</h2><p>Choose one in the tree, drop files there to upload them, or find one by its name.</p><button class="primary" onClick={() => openFiles()}>Go to a file…</button></div>}
      </section>
    </div>
  );
}

function TreeActions({ file }: { file: string }) {
  const field = useRef<HTMLInputElement>(null);
  const here = file && !isVirtual(file) ? file.slice(0, file.lastIndexOf("/")) : workspace.value;
  const make = async () => {
    const name = await askText({ title: "New file (end with / for a folder)", value: `${relative(here) === here ? "" : `${relative(here)}/`}` });
    if (!name?.trim()) return;
    const path = `${workspace.value}/${name.trim().replace(/\/+$/, "")}`;
    try {
      if (name.trim().endsWith("/")) await call("workspace.fs.createDirectory", { uri: path });
      else await call("workspace.fs.writeFile", { uri: path, content: "", overwrite: false });
      await read(path.slice(0, path.lastIndexOf("/")));
      if (!name.trim().endsWith("/")) go("files", path.slice(1));
    } catch (error) {
      tell(error);
    }
  };
  return (
    <>
      <button class="plain" aria-label="New file or folder" title="New file or folder" onClick={() => void make()}><Icon name="plus" /></button>
      <button class="plain" aria-label="Upload files" title="Upload files" onClick={() => field.current?.click()}><Icon name="upload" /></button>
      <input ref={field} type="file" multiple hidden onChange={(event) => void upload(here, [...(event.currentTarget.files ?? [])])} />
    </>
  );
}

export async function upload(folder: string, files: File[]): Promise<void> {
  for (const file of files)
    try {
      await rest("PUT", "api/v1/files", file, { path: `${folder}/${file.name}` });
      notify(`${file.name} is in ${relative(folder) === folder ? "the workspace" : relative(folder)}`);
    } catch (error) {
      tell(error);
    }
  await read(folder).catch(tell);
}

function Tree({ file }: { file: string }) {
  const box = useRef<HTMLDivElement>(null), [top, setTop] = useState(0), [height, setHeight] = useState(800), [at, setAt] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(() => box.current && setHeight(box.current.clientHeight));
    if (box.current) watch.observe(box.current);
    return () => watch.disconnect();
  }, [!box.current]);
  const all = rows.value, first = Math.max(0, Math.floor(top / ROW) - 8), some = all.slice(first, first + Math.ceil(height / ROW) + 16);
  useEffect(() => want("tree", some.map((one) => one.path)));
  useEffect(() => () => want("tree", []), []);
  const choose = (one: Node) => (one.folder ? toggle(one.path) : go("files", one.path.slice(1)));
  const key = (event: KeyboardEvent) => {
    const one = all[at];
    const move = (to: number) => {
      const next = Math.max(0, Math.min(all.length - 1, to));
      setAt(next);
      const list = box.current!;
      if (next * ROW < list.scrollTop) list.scrollTop = next * ROW;
      else if ((next + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (next + 1) * ROW - list.clientHeight;
    };
    const keys: Record<string, () => void> = {
      ArrowDown: () => move(at + 1), ArrowUp: () => move(at - 1), Home: () => move(0), End: () => move(all.length - 1),
      ArrowRight: () => one?.folder && !one.open && toggle(one.path),
      ArrowLeft: () => one && (one.folder && one.open ? toggle(one.path) : move(all.findIndex((other) => other.path === one.path.slice(0, one.path.lastIndexOf("/"))))),
      Enter: () => one && choose(one), Delete: () => one && void remove(one), F2: () => one && void rename(one),
    };
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]!();
    }
  };
  /** By the mouse of what is under it, which may be the whole workspace; by keys of the row at the cursor. */
  const context = (event: MouseEvent) => {
    const row = (event.target as HTMLElement).closest("[role=treeitem]"), index = row ? Number(row.id.slice("row-".length)) : event.button === 2 ? -1 : at, one = all[index];
    if (!one && !contributed.value.menus["explorer/context"]) return;
    event.preventDefault();
    if (one) setAt(index);
    void offered(one);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-folder]");
    void upload(row?.dataset.folder ?? workspace.value, [...(event.dataTransfer?.files ?? [])]);
  };
  if (loaded.value && !all.length) return <div class="empty" onDragOver={(event) => event.preventDefault()} onDrop={drop}><p>The workspace is empty. Drop files here, clone a repository (<kbd>Ctrl K</kbd>), or ask the agent.</p></div>;
  return (
    <div class="tree" ref={box} role="tree" aria-label="Workspace" tabIndex={0} aria-activedescendant={all[at] ? `row-${at}` : undefined} onKeyDown={key} onContextMenu={context}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)} onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <div style={{ height: `${all.length * ROW}px` }} role="presentation">
        {some.map((one, index) => {
          const mark = marks.value.get(one.path);
          return <div key={one.path} id={`row-${first + index}`} role="treeitem" aria-level={one.depth + 1} aria-expanded={one.folder ? one.open : undefined} aria-selected={one.path === file}
            class={`row ${classOf(mark)} ${first + index === at ? "at" : ""}`} data-folder={one.folder ? one.path : one.path.slice(0, one.path.lastIndexOf("/"))}
            style={{ top: `${(first + index) * ROW}px`, paddingLeft: `${8 + one.depth * 14}px` }} title={mark?.tooltip ? `${one.path} • ${mark.tooltip}` : one.path} onClick={() => (setAt(first + index), choose(one))}>
            {one.folder ? <Icon name="chevron" size={12} /> : <i class="dot" />}<span>{one.name}</span><Letter mark={mark} />
          </div>;
        })}
      </div>
    </div>
  );
}

/** Offer what can be done with a file or a folder, or without one with the whole workspace. */
async function offered(one?: Node): Promise<void> {
  const path = one?.path ?? workspace.value, isFile = !!one && !one.folder;
  const language = isFile ? languages.get(path) ?? (await call("languages.getLanguageOf", { uri: path }).catch(() => undefined)) : undefined;
  const about = { ...keysOf(path, language), explorerResourceIsFolder: !isFile, explorerResourceIsRoot: !one, explorerResourceReadonly: false, explorerViewletFocus: true, filesExplorerFocus: true };
  const theirs = choices(menu("explorer/context", about), (command) => void runOn(command, path, [path]));
  const own = one ? [{ title: "Rename…", run: () => void rename(one) }, { title: "Delete", run: () => void remove(one) }] : [];
  if (theirs.length + own.length) await offer(nameOf(path), [...theirs, ...own]);
}

async function remove(one: Node): Promise<void> {
  if (!(await askYes(`Delete ${relative(one.path)}?`, "Delete"))) return;
  await call("workspace.fs.delete", { uri: one.path, recursive: one.folder }).catch(tell);
  await read(one.path.slice(0, one.path.lastIndexOf("/")));
}

async function rename(one: Node): Promise<void> {
  const name = await askText({ title: `Rename ${one.name}`, value: relative(one.path) });
  if (!name || name === relative(one.path)) return;
  await call("workspace.fs.rename", { source: one.path, target: `${workspace.value}/${name}` }).catch(tell);
  for (const path of [one.path, `${workspace.value}/${name}`]) await read(path.slice(0, path.lastIndexOf("/")));
}

export const download = (path: string) => {
  const link = document.createElement("a");
  link.href = address("api/v1/files", { path }).href;
  link.download = nameOf(path);
  link.click();
};
