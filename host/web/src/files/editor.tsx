// The editor of one file: a view of the text that the host keeps for all who edit it.
import { indentWithTab } from "@codemirror/commands";
import { unifiedMergeView } from "@codemirror/merge";
import { Compartment, EditorSelection, EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { useSignalEffect } from "@preact/signals";
import { basicSetup } from "codemirror";
import { useEffect, useRef, useState } from "preact/hooks";
import { keysOf, readSettings, settings } from "../contexts";
import { call, isVirtual, link, nameOf, relative, tell } from "../host";
import { Icon } from "../icons";
import { Markdown } from "../markdown";
import { choices, Menu, offer } from "../menu";
import { menu } from "../menus";
import { openFiles, runOn } from "../palette";
import { place } from "../router";
import type { Failed } from "../socket";
import { pieces, revealed } from "../surface";
import { download } from "./acts";
import { language, looks } from "./code";
import { decorate, decorations } from "./decorations";
import { features, relint } from "./languages";
import { dress, options } from "./options";
import { problems } from "./problems";
import { offset, position, Shared } from "./shared";
import { dirty, languages } from "./texts";
import { changedOnDisk } from "./tree";

const compared = new Compartment();
const TELL_MS = 200;

async function extensions(one: Shared): Promise<Extension> {
  const follows = EditorView.updateListener.of((update) => {
    one.took(update.state);
    if (update.selectionSet || update.focusChanged) selected(one, update.view);
  });
  if (isVirtual(one.path)) return [options, basicSetup, looks, compared.of([]), decorations, follows, await language(new URL(one.path).pathname), EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-label": nameOf(one.path), tabindex: "0" })];
  return [
    keymap.of([{ key: "Mod-s", run: () => (void save(one), true) }, indentWithTab]), options, basicSetup, looks, features(one), decorations, compared.of([]), await language(one.path),
    EditorView.contentAttributes.of({ "aria-label": relative(one.path), tabindex: "0" }), follows,
  ];
}

const save = (one: Shared, overwrite = false) => one.save(overwrite).catch((error) => (tell(error), false));

let telling = 0;
/** Extensions see where the cursor is. */
function selected(one: Shared, view: EditorView): void {
  clearTimeout(telling);
  telling = window.setTimeout(() => {
    if (!one.editor || one.pending) return;
    const doc = view.state.doc, selections = view.state.selection.ranges.slice(0, 100).map((range) => ({ anchor: position(doc, range.anchor), active: position(doc, range.head) }));
    void call("window.editor.changeSelection", { editor: one.editor, selections, kind: 1 }).catch(() => (one.editor = ""));
  }, TELL_MS);
}

export function Editor({ path }: { path: string }) {
  const box = useRef<HTMLDivElement>(null), view = useRef<EditorView | null>(null);
  const [one, setOne] = useState<Shared | null>(null), [wrong, setWrong] = useState<Failed | null>(null), [reading, setReading] = useState(false), [comparing, setComparing] = useState(false);
  const before = useRef<string | null>(null), beside = useRef(""); // the text that it was shown beside, and its URI
  const again = (shown: EditorView) => void call("workspace.openTextDocument", { uri: beside.current }).then(({ text }) => view.current === shown && compare((before.current = text)), tell);
  const look = (shown: EditorView) => {
    const original = revealed.value?.path === path ? revealed.value.original : undefined;
    reveal(shown, path);
    if (!original) return;
    beside.current = original;
    again(shown);
  };
  useEffect(() => {
    let gone = false, made: EditorView | null = null;
    Shared.open(path, extensions).then((found) => {
      if (gone) return;
      made = view.current = new EditorView({ state: found.state, parent: box.current! });
      found.shows(made);
      setOne(found);
      const { original, editor = "", tab = "" } = revealed.value?.path === path ? revealed.value : {};
      show(made);
      look(made);
      decorate(made, path, pieces.value);
      dress(made, path, pieces.value, settings.value);
      if (!settings.value) readSettings();
      made.focus();
      if (original) (found.editor = editor), (found.tab = tab); // it is shown so already
      else if (!isVirtual(path)) void call("window.showTextDocument", { uri: path, preview: false }).then(({ editor, tab }) => ((found.editor = editor), (found.tab = tab)), () => {});
    }).catch((error) => !gone && setWrong(error));
    return () => {
      gone = true;
      view.current = null;
      if (!made) return;
      made.dispatch({ effects: compared.reconfigure([]) });
      Shared.find(path)?.shows(null);
      made.destroy();
    };
  }, [path]);
  useEffect(() => link.value?.on("workspace.onDidChangeTextDocument", ({ uri }) => uri === beside.current && view.current && before.current !== null && comparing && again(view.current)), [comparing, link.value]);
  useSignalEffect(() => void (place.value && view.current && show(view.current)));
  useSignalEffect(() => void (revealed.value && view.current && look(view.current)));
  useSignalEffect(() => void (pieces.value && view.current && decorate(view.current, path, pieces.value)));
  useSignalEffect(() => void (pieces.value && settings.value && view.current && dress(view.current, path, pieces.value, settings.value)));
  useSignalEffect(() => void (problems.value && view.current && relint(view.current)));
  useSignalEffect(() => void (changedOnDisk.value.paths.has(path) && void Shared.find(path)?.diskChanged()));
  const compare = (text: string | null) => {
    setComparing(text !== null);
    view.current?.dispatch({ effects: compared.reconfigure(text === null ? [] : [unifiedMergeView({ original: text, mergeControls: isVirtual(path) ? false : before.current !== null && text === before.current ? revert : true, gutter: true }), EditorState.readOnly.of(isVirtual(path))]) });
  };
  const done = (work: Promise<unknown>) => void work.then(() => compare(null), tell);
  if (wrong?.data?.code === "FileNotFound") return <div class="empty"><h2>There is no such file</h2><p>{path} is not there any more, or never was.</p><button onClick={() => openFiles()}>Go to a file…</button></div>;
  if (wrong) return <div class="empty"><h2>This file cannot be edited here</h2><p>{wrong.message}</p><button onClick={() => download(path)}><Icon name="download" size={14} /> Download</button></div>;
  const unsaved = dirty.value.has(path), stale = one?.stale.value ?? null;
  const about = { ...keysOf(path), editorLangId: languages.get(path), editorIsOpen: true, editorFocus: true, editorTextFocus: true, textInputFocus: true, editorReadonly: isVirtual(path) };
  const context = (event: MouseEvent) => {
    const all = event.shiftKey && event.button === 2 ? [] : choices(menu("editor/context", about), (command) => void runOn(command, path));
    if (!all.length) return; // the browser's own
    event.preventDefault();
    void offer(nameOf(path), all);
  };
  return (
    <div class="editor">
      <div class="crumbs">
        <Crumbs path={path} />
        <span class="gap" />
        {one && <Menu entries={menu("editor/title", about)} run={(command) => void runOn(command, path)} about={nameOf(path)} />}
        {(unsaved || comparing || before.current !== null) && <button class="plain" aria-pressed={comparing} title={before.current === null ? "What is not saved" : "What is other"} onClick={() => compare(comparing ? null : stale ?? before.current ?? one?.disk ?? "")}><Icon name="changes" /> Compare</button>}
        {path.endsWith(".md") && <button class="plain" aria-pressed={reading} onClick={() => setReading(!reading)}>{reading ? "Edit" : "Read"}</button>}
        {isVirtual(path) ? <small>read only</small> : (
          <>
            <button class="plain" aria-label="Download" title="Download" onClick={() => download(path)}><Icon name="download" /></button>
            <button class="plain" aria-label="Save" title="Save (Ctrl+S)" disabled={!unsaved && !one?.gone.value} onClick={() => one && void save(one)}><Icon name="save" /></button>
          </>
        )}
      </div>
      {one?.gone.value && <div class="stale" role="alert">This file is gone from the disk. <button onClick={() => void save(one)}>Save it again</button></div>}
      {one?.wrong.value && <div class="stale" role="alert">What you type is kept in this page only: {one.wrong.value}</div>}
      {one && stale !== null && (
        <div class="stale" role="alert">This file changed on the disk while you edited it.
          <button onClick={() => compare(stale)}>Compare</button><button onClick={() => done(one.revert())}>Take the disk's</button><button onClick={() => done(save(one, true))}>Keep mine</button>
        </div>
      )}
      {reading && <div class="reading"><Markdown text={one?.text ?? ""} /></div>}
      <div class="code" ref={box} hidden={reading} aria-busy={!one} onContextMenu={context} />
    </div>
  );
}

/** Beside what a file was there is nothing to accept: a change stays, or is taken back. */
function revert(type: "accept" | "reject", action: (event: MouseEvent) => void): HTMLElement {
  const made = document.createElement(type === "reject" ? "button" : "i");
  if (type === "reject") Object.assign(made, { name: "reject", textContent: "Take back", onmousedown: action, onclick: (event: MouseEvent) => !event.detail && action(event) }); // the second by keys
  return made;
}

function Crumbs({ path }: { path: string }) {
  const whole = isVirtual(path) ? decodeURIComponent(new URL(path).pathname) : path, parts = relative(whole).split("/").filter(Boolean).slice(0, -1), name = nameOf(path);
  return <span class="path">{parts.map((part, index) => <span key={index}>{part}<i>/</i></span>)}<b>{name}</b></span>;
}

/** Go where the address says: `:line` or `:line:character` at its end. */
function show(view: EditorView): void {
  const [, line, character] = /:(\d+)(?::(\d+))?$/.exec(place.value.rest) ?? [];
  if (place.value.screen !== "files" || !line) return;
  const at = view.state.doc.line(Math.max(1, Math.min(Number(line), view.state.doc.lines)));
  view.dispatch({ selection: { anchor: Math.min(at.to, at.from + Math.max(0, Number(character ?? 1) - 1)) }, effects: EditorView.scrollIntoView(at.from, { y: "center" }) });
  view.focus();
}

/** Select and scroll to what an extension wants looked at in this file. */
function reveal(view: EditorView, path: string): void {
  const wanted = revealed.value, doc = view.state.doc;
  if (wanted?.path !== path) return;
  revealed.value = null;
  const ranges = wanted.selections?.map(({ anchor, active }) => EditorSelection.range(offset(doc, anchor), offset(doc, active)));
  const at = wanted.range ? EditorSelection.range(offset(doc, wanted.range.start), offset(doc, wanted.range.end)) : ranges?.[0];
  view.dispatch({ ...(ranges?.length ? { selection: EditorSelection.create(ranges) } : {}), ...(at ? { effects: EditorView.scrollIntoView(at, { y: "center" }) } : {}) });
}

/** Close the document of a tab that was closed. */
export async function closeDocument(path: string, discard: boolean): Promise<void> {
  const one = Shared.find(path);
  if (one) await one.close(discard);
  else {
    if (discard) await call("workspace.revertDocument", { uri: path }).catch(() => {});
    await call("workspace.closeTextDocument", { uri: path, discard }).catch(() => {});
  }
}
export const saveDocument = async (path: string): Promise<boolean> => {
  const one = Shared.find(path);
  return one ? save(one) : call("workspace.saveDocument", { uri: path }).then(({ saved }) => saved, (error) => (tell(error), false));
};
