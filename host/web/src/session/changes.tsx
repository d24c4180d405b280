// What the task changed since a checkpoint: file by file, each change taken or given back where it stands.
import { getOriginalDoc, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { minimalSetup } from "codemirror";
import { useEffect, useRef, useState } from "preact/hooks";
import { language, looks } from "../files/code";
import { call, notify, relative, rest, tell, workspace } from "../host";
import { Icon } from "../icons";
import { tasks } from "./store";

type Point = { checkpointId: string; ts: number; messageId?: number };
/** What of a file was accepted: the text that later changes are compared to. Of this page only; the files are as they are. */
const accepted = new Map<string, { before: string; to: string }>();
type Change = { path: string; before: string | null; after: string | null; diff?: string };

export function Changes({ taskId, close }: { taskId: string; close: () => void }) {
  const [points, setPoints] = useState<Point[]>([]), [from, setFrom] = useState(""), [files, setFiles] = useState<Change[] | null>(null), [wrong, setWrong] = useState("");
  const updated = tasks.value.get(taskId)?.updatedAt, root = `api/v1/tasks/${taskId}/checkpoints`;
  useEffect(() => {
    rest("GET", root).then((found) => {
      const all: Point[] = found.checkpoints ?? found;
      setPoints(all);
      if (!all.some((one) => one.checkpointId === from)) setFrom(all[0]?.checkpointId ?? "");
      if (!all.length) setFiles([]);
    }, (error) => setWrong(error.message));
  }, [taskId, updated]);
  const look = () => from && rest("GET", `${root}/${from}/diff`).then((found) => (setFiles(found.files), setWrong("")), (error) => setWrong(error.message));
  useEffect(() => void look(), [from, updated]);
  return (
    <>
      <div class="bar"><h2>Changes</h2>
        {points.length > 1 && <select aria-label="Since" value={from} onChange={(event) => setFrom(event.currentTarget.value)}>{points.map((one, index) => <option key={one.checkpointId} value={one.checkpointId}>since {index ? new Date(one.ts).toLocaleTimeString() : "the beginning"}</option>)}</select>}
        <span class="gap" /><button class="plain" aria-label="Look again" onClick={() => void look()}><Icon name="refresh" /></button><button class="plain" aria-label="Close changes" onClick={close}><Icon name="close" /></button></div>
      <div class="changes">
        {wrong && <p class="wrong" role="alert">{wrong}</p>}
        {files && !files.length && <p class="quiet pad">Nothing has changed.</p>}
        {files?.map((one) => <FileChange key={`${one.path}${from}${updated}`} change={one} id={`${taskId} ${from} ${one.path}`} again={look} />)}
      </div>
    </>
  );
}

function FileChange({ change, id, again }: { change: Change; id: string; again: () => void }) {
  const box = useRef<HTMLDivElement>(null), [open, setOpen] = useState(true), path = change.path.startsWith("/") ? change.path : `${workspace.value}/${change.path}`;
  const known = accepted.get(id), before = change.before ?? "", original = known?.before === before ? known.to : before;
  const [left, setLeft] = useState(original !== (change.after ?? ""));
  useEffect(() => {
    if (!open) return;
    let view: EditorView | null = null, gone = false, text = change.after ?? "";
    const changed = (state: EditorState) => {
      const to = getOriginalDoc(state).toString(), now = state.doc.toString();
      if (to !== original) accepted.set(id, { before, to });
      setLeft(to !== now);
      if (now === text) return;
      void give(path, change, text, now).then((done) => done || again());
      text = now;
    };
    void language(path).then((tongue) => {
      if (gone) return;
      view = new EditorView({
        parent: box.current!,
        state: EditorState.create({ doc: text, extensions: [minimalSetup, looks, tongue, EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-label": `Changes of ${relative(path)}`, tabindex: "0" }),
          unifiedMergeView({ original, mergeControls: true, collapseUnchanged: { margin: 2, minSize: 4 }, gutter: true }),
          EditorView.updateListener.of((update) => (update.docChanged || update.transactions.some((one) => one.effects.length)) && changed(update.state))] }),
      });
    });
    return () => ((gone = true), view?.destroy());
  }, [open]);
  const kind = change.before === null ? "new" : change.after === null ? "gone" : "changed";
  return (
    <section class="file-change">
      <button class="plain head" aria-expanded={open} onClick={() => setOpen(!open)}><Icon name="chevron" size={12} /><span class={kind}>{relative(path)}</span><small>{left ? kind : "accepted"}</small></button>
      {open && <div ref={box} />}
    </section>
  );
}

/** A change was given back: the file becomes `now`, unless it is not `text` any more; or goes, where it was not there before. */
async function give(path: string, change: Change, text: string, now: string): Promise<boolean> {
  try {
    if (change.before === null && now === "") return await call("workspace.fs.delete", { uri: path }), true;
    if (change.after === null) return await call("workspace.fs.writeFile", { uri: path, content: now, overwrite: false }), true;
    const opened = await call("workspace.openTextDocument", { uri: path }), end = { line: opened.lineCount, character: 0 };
    if (opened.text.replace(/\r\n?/g, "\n") !== text) return notify(`${relative(path)} was changed meanwhile: look at it again`, "warning"), false;
    const { applied } = await call("workspace.applyEdit", { edits: [{ uri: path, version: opened.version, range: { start: { line: 0, character: 0 }, end }, newText: now }] });
    return applied && (await call("workspace.saveDocument", { uri: path })).saved;
  } catch (error) {
    tell(error);
    return false;
  }
}
