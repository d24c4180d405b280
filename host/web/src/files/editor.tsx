// The editor of one file. A change on the disk is taken where nothing is unsaved, else the user is asked.
import { indentWithTab } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { basicSetup } from "codemirror";
import { useEffect, useRef, useState } from "preact/hooks";
import { call, notify, relative, tell } from "../host";
import { Icon } from "../icons";
import { Markdown } from "../markdown";
import { language, looks } from "./code";
import { download } from "./screen";
import { setDirty } from "./texts";
import { changedOnDisk } from "./tree";

const kept = new Map<string, { state: EditorState; disk: string }>();

export function Editor({ path, line }: { path: string; line: number }) {
  const box = useRef<HTMLDivElement>(null), view = useRef<EditorView | null>(null), disk = useRef("");
  const [wrong, setWrong] = useState(""), [stale, setStale] = useState<string | null>(null), [unsaved, setUnsaved] = useState(false), [reading, setReading] = useState(false);
  const read = async () => {
    const { content, encoding } = await call("workspace.fs.readFile", { uri: path });
    if (encoding === "base64") throw new Error("This file is not text. Download it to see it.");
    return content;
  };
  const save = async () => {
    const one = view.current!, text = one.state.doc.toString();
    try {
      await call("workspace.fs.writeFile", { uri: path, content: text });
      disk.current = text;
      setStale(null);
      setUnsaved(one.state.doc.toString() !== text);
      setDirty(path, one.state.doc.toString() !== text);
    } catch (error) {
      tell(error);
    }
  };
  const replace = (text: string) => {
    const one = view.current!;
    disk.current = text;
    one.dispatch({ changes: { from: 0, to: one.state.doc.length, insert: text } });
    setStale(null);
    setUnsaved(false);
    setDirty(path, false);
  };
  useEffect(() => {
    let gone = false;
    const begin = async () => {
      const before = kept.get(path), [text, tongue] = await Promise.all([before ? before.disk : read(), language(path)]);
      if (gone) return;
      disk.current = text;
      const state = before?.state ?? EditorState.create({
        doc: text,
        extensions: [
          keymap.of([{ key: "Mod-s", run: () => (void save(), true) }, indentWithTab]), basicSetup, looks, tongue,
          EditorView.contentAttributes.of({ "aria-label": relative(path) }),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged) return;
            const is = update.state.doc.length !== disk.current.length || update.state.doc.toString() !== disk.current;
            setUnsaved(is);
            setDirty(path, is);
          }),
        ],
      });
      view.current = new EditorView({ state, parent: box.current! });
      setUnsaved(state.doc.toString() !== text);
      show(view.current, line);
      view.current.focus();
    };
    begin().catch((error) => !gone && setWrong(error.message));
    return () => {
      gone = true;
      if (view.current && view.current.state.doc.toString() !== disk.current) kept.set(path, { state: view.current.state, disk: disk.current });
      else kept.delete(path);
      view.current?.destroy();
      view.current = null;
    };
  }, [path]);
  useEffect(() => void (view.current && show(view.current, line)), [line]);
  const changed = changedOnDisk.value;
  useEffect(() => {
    if (!changed.paths.has(path) || !view.current) return;
    read().then((text) => {
      if (!view.current || text === disk.current || text === view.current.state.doc.toString()) return;
      if (view.current.state.doc.toString() === disk.current) replace(text);
      else setStale(text);
    }, () => notify(`${relative(path)} is gone from the disk; save it to bring it back`, "warning"));
  }, [changed]);
  if (wrong) return <div class="empty"><p>{wrong}</p><button onClick={() => download(path)}>Download</button></div>;
  return (
    <div class="editor">
      <div class="crumbs">
        <span>{relative(path)}</span>
        <span class="gap" />
        {path.endsWith(".md") && <button class="plain" aria-pressed={reading} onClick={() => setReading(!reading)}>{reading ? "Edit" : "Read"}</button>}
        <button class="plain" aria-label="Download" title="Download" onClick={() => download(path)}><Icon name="download" /></button>
        <button class="plain" aria-label="Save" title="Save (Ctrl+S)" disabled={!unsaved} onClick={() => void save()}><Icon name="save" /></button>
      </div>
      {stale !== null && (
        <div class="stale" role="alert">This file changed on the disk while you edited it.
          <button onClick={() => replace(stale)}>Take the disk's</button><button onClick={() => void save()}>Keep mine</button>
        </div>
      )}
      {reading && <div class="reading"><Markdown text={view.current?.state.doc.toString() ?? ""} /></div>}
      <div class="code" ref={box} hidden={reading} />
    </div>
  );
}

function show(view: EditorView, line: number): void {
  if (!line) return;
  const at = view.state.doc.line(Math.min(line, view.state.doc.lines));
  view.dispatch({ selection: { anchor: at.from }, effects: EditorView.scrollIntoView(at.from, { y: "center" }) });
}
