// How what is being called may be called: shown above the call while one types its arguments.
import { type Extension, Prec, StateEffect, StateField } from "@codemirror/state";
import { EditorView, keymap, showTooltip, type Tooltip, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { call, tell } from "../host";
import { said, textOf } from "./said";
import { position, type Shared } from "./shared";

type Signature = { label: string; documentation?: any; parameters?: { label: string | [number, number]; documentation?: any }[]; activeParameter?: number | null };
type Help = { signatures: Signature[]; activeSignature: number; activeParameter: number; pos: number };
const AGAIN_MS = 120;

const put = StateEffect.define<Help | null>();
const field = StateField.define<Help | null>({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(put)) return effect.value;
    return value && transaction.docChanged ? { ...value, pos: transaction.changes.mapPos(value.pos) } : value;
  },
  provide: (own) => showTooltip.from(own, (help) => help && tooltip(help)),
});

function tooltip(help: Help): Tooltip {
  return { pos: help.pos, above: true, create: () => ({ dom: drawn(help) }) };
}

function drawn({ signatures, activeSignature, activeParameter }: Help): HTMLElement {
  const one = signatures[activeSignature] ?? signatures[0]!, parameter = one.parameters?.[one.activeParameter ?? activeParameter];
  const box = document.createElement("div"), line = document.createElement("code"), [from, to] = placeOf(one.label, parameter?.label);
  box.className = "signature";
  box.setAttribute("role", "status");
  const bold = Object.assign(document.createElement("b"), { textContent: one.label.slice(from, to) });
  line.append(one.label.slice(0, from), ...(to > from ? [bold] : []), one.label.slice(to));
  if (signatures.length > 1) box.append(Object.assign(document.createElement("small"), { textContent: `${activeSignature + 1} of ${signatures.length} ` }));
  box.append(line);
  for (const words of [parameter?.documentation, one.documentation]) if (textOf(words ?? "")) box.append(said(words));
  return box;
}

/** Where a parameter stands in the label: it says so, or is found as a word. */
function placeOf(label: string, parameter: string | [number, number] | undefined): [number, number] {
  if (Array.isArray(parameter)) return parameter;
  const at = parameter ? label.search(new RegExp(`(?<![\\w$])${parameter.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w$])`)) : -1;
  return at < 0 ? [0, 0] : [at, at + parameter!.length];
}

export function signatures(one: Shared): Extension {
  let timer = 0, asked = 0;
  const close = (view: EditorView) => (asked++, clearTimeout(timer), !!view.state.field(field) && (view.dispatch({ effects: put.of(null) }), true));
  const ask = async (view: EditorView, triggerCharacter?: string) => {
    const number = ++asked;
    await one.flushed();
    const doc = view.state.doc, at = view.state.selection.main.head;
    const found = (await call("languages.provideSignatureHelp", { uri: one.path, position: position(doc, at), ...(triggerCharacter ? { triggerCharacter } : {}) })) as Omit<Help, "pos"> | null;
    if (number !== asked) return;
    const before = view.state.field(field);
    if (found?.signatures?.length) view.dispatch({ effects: put.of({ ...found, pos: before?.pos ?? at }) });
    else if (before) close(view);
  };
  const turn = (by: number) => (view: EditorView) => {
    const help = view.state.field(field);
    if (!help || help.signatures.length < 2) return false;
    const activeSignature = (help.activeSignature + by + help.signatures.length) % help.signatures.length;
    view.dispatch({ effects: put.of({ ...help, activeSignature }) });
    return true;
  };
  const follow = ViewPlugin.define(() => ({
    update({ view, state, docChanged, selectionSet, transactions }: ViewUpdate) {
      if (!docChanged && !selectionSet) return;
      const typed = transactions.some((each) => each.isUserEvent("input")), at = state.selection.main.head, before = typed ? state.sliceDoc(Math.max(0, at - 2), at) : "";
      const trigger = /[(,]\s?$/.test(before) ? before.trim().at(-1) : undefined;
      if (!trigger && !state.field(field)) return;
      clearTimeout(timer);
      timer = window.setTimeout(() => void ask(view, trigger).catch(() => {}), trigger ? 0 : AGAIN_MS);
    },
    destroy: () => clearTimeout(timer),
  }));
  return [
    field, follow,
    EditorView.domEventHandlers({ blur: (_, view) => void setTimeout(() => view.hasFocus || close(view)) }),
    Prec.highest(EditorView.domEventHandlers({ keydown: (event, view) => void (event.key === "Escape" && close(view)) })), // before any key of completions, which close with it
    Prec.high(keymap.of([
      { key: "Mod-Shift-Space", run: (view) => (void ask(view).catch(tell), true) },
      { key: "Alt-ArrowDown", run: turn(1) }, { key: "Alt-ArrowUp", run: turn(-1) },
    ])),
  ];
}
