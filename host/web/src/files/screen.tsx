// Files: the tree, open files in tabs, the editor (loaded when the first file is opened), search, upload and download.
import { useEffect, useRef, useState } from "preact/hooks";
import { askOf } from "../dialogs";
import { isVirtual, nameOf, tell, workspace } from "../host";
import { Icon } from "../icons";
import { lazy } from "../lazy";
import { openFiles } from "../palette";
import { fileOf, go, restOf } from "../router";
import { folderOf, make, move, offered, remove, rename, upload } from "./acts";
import { Search } from "./search";
import { classOf, Letter, marks, want } from "./marks";
import { begin, cursor, loaded, reveal, rows, toggle, type Node } from "./tree";
import { counted } from "./problems";
import { Outline, Problems } from "./sides";
import { dirty, openTab, side, tabs } from "./texts";

const Editor = lazy(() => import("./editor").then((one) => one.Editor));
const SIDES = [["tree", "Files", "files"], ["search", "Search", "search"], ["outline", "Outline", "outline"], ["problems", "Problems", "problems"]] as const;
const ROW = 24;
const DRAGGED = "application/x-roost-path";

export function FilesScreen({ path }: { path: string }) {
  const file = fileOf(path), [errors, warnings] = counted.value;
  useEffect(begin, []);
  useEffect(() => {
    if (!file) return;
    openTab(file);
    if (!isVirtual(file)) reveal((cursor.value = file));
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
              <button key={name} aria-current={side.value === name} title={title} onClick={() => (side.value = name)}>
                <Icon name={icon} /><span class={side.value === name ? undefined : "unseen"}>{title}</span>
                {name === "problems" && errors + warnings > 0 && <b class={errors ? "count error" : "count"}>{errors + warnings}</b>}
              </button>
            ))}
          </div>
          <span class="gap" />
          {side.value === "tree" && <TreeActions file={file} />}
        </div>
        {side.value === "tree" ? <Tree file={file} /> : side.value === "search" ? <Search /> : side.value === "outline" ? <Outline key={file} file={file} /> : <Problems />}
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
  const here = () => { // where the cursor of the tree is, else where the file is that one sees
    const at = rows.value.find((one) => one.path === cursor.value);
    return at?.folder ? at.path : at ? folderOf(at.path) : file && !isVirtual(file) ? folderOf(file) : workspace.value;
  };
  return (
    <>
      <button class="plain" aria-label="New file or folder" title="New file or folder" onClick={() => void make(here(), "either")}><Icon name="plus" /></button>
      <button class="plain" aria-label="Upload files" title="Upload files" onClick={() => field.current?.click()}><Icon name="upload" /></button>
      <input ref={field} type="file" multiple hidden onChange={(event) => void upload(here(), [...(event.currentTarget.files ?? [])])} />
    </>
  );
}

function Tree({ file }: { file: string }) {
  const box = useRef<HTMLDivElement>(null), [top, setTop] = useState(0), [height, setHeight] = useState(800), [at, setIndex] = useState(0), [onto, setOnto] = useState("");
  useEffect(() => {
    const watch = new ResizeObserver(() => box.current && setHeight(box.current.clientHeight));
    if (box.current) watch.observe(box.current);
    return () => watch.disconnect();
  }, [!box.current]);
  const all = rows.value, first = Math.max(0, Math.floor(top / ROW) - 8), some = all.slice(first, first + Math.ceil(height / ROW) + 16);
  useEffect(() => want("tree", some.map((one) => one.path)));
  useEffect(() => () => want("tree", []), []);
  const setAt = (index: number) => (setIndex(index), (cursor.value = all[index]?.path ?? ""));
  const choose = (one: Node) => (one.folder ? toggle(one.path) : go("files", one.path.slice(1)));
  const key = (event: KeyboardEvent) => {
    const one = all[at];
    const to = (index: number) => {
      const next = Math.max(0, Math.min(all.length - 1, index));
      setAt(next);
      const list = box.current!;
      if (next * ROW < list.scrollTop) list.scrollTop = next * ROW;
      else if ((next + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (next + 1) * ROW - list.clientHeight;
    };
    const keys: Record<string, () => void> = {
      ArrowDown: () => to(at + 1), ArrowUp: () => to(at - 1), Home: () => to(0), End: () => to(all.length - 1),
      ArrowRight: () => one?.folder && !one.open && toggle(one.path),
      ArrowLeft: () => one && (one.folder && one.open ? toggle(one.path) : to(all.findIndex((other) => other.path === folderOf(one.path)))),
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
    event.preventDefault();
    if (one) setAt(index);
    void offered(one);
  };
  const below = (event: DragEvent) => (event.target as HTMLElement).closest<HTMLElement>("[data-folder]")?.dataset.folder ?? workspace.value;
  const over = (event: DragEvent) => (event.preventDefault(), setOnto(below(event)));
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOnto("");
    const moved = event.dataTransfer?.getData(DRAGGED);
    void (moved ? move(moved, below(event)) : upload(below(event), [...(event.dataTransfer?.files ?? [])]));
  };
  if (loaded.value && !all.length) return <div class="empty" onDragOver={(event) => event.preventDefault()} onDrop={drop}><p>The workspace is empty. Drop files here, clone a repository (<kbd>Ctrl K</kbd>), or ask the agent.</p></div>;
  return (
    <div class="tree" ref={box} role="tree" aria-label="Workspace" tabIndex={0} aria-activedescendant={all[at] ? `row-${at}` : undefined} onKeyDown={key} onContextMenu={context}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)} onDragOver={over} onDragLeave={() => setOnto("")} onDragEnd={() => setOnto("")} onDrop={drop}>
      <div style={{ height: `${all.length * ROW}px` }} role="presentation">
        {some.map((one, index) => {
          const mark = marks.value.get(one.path);
          return <div key={one.path} id={`row-${first + index}`} role="treeitem" aria-level={one.depth + 1} aria-expanded={one.folder ? one.open : undefined} aria-selected={one.path === file}
            class={`row ${classOf(mark)} ${first + index === at ? "at" : ""} ${onto === one.path ? "onto" : ""}`} data-folder={one.folder ? one.path : folderOf(one.path)}
            draggable onDragStart={(event) => event.dataTransfer?.setData(DRAGGED, one.path)}
            style={{ top: `${(first + index) * ROW}px`, paddingLeft: `${8 + one.depth * 14}px` }} title={mark?.tooltip ? `${one.path} • ${mark.tooltip}` : one.path} onClick={() => (setAt(first + index), choose(one))}>
            {one.folder ? <Icon name="chevron" size={12} /> : <i class="dot" />}<span>{one.name}</span><Letter mark={mark} />
          </div>;
        })}
      </div>
    </div>
  );
}
