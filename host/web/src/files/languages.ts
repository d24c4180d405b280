// What extensions know of a language, in the editor: completion, what a place is, where it is defined, what is wrong, how to mend it.
import { autocompletion, type Completion, type CompletionContext, insertCompletionText, snippet, startCompletion } from "@codemirror/autocomplete";
import { indentUnit } from "@codemirror/language";
import { forceLinting, linter, lintGutter, nextDiagnostic, openLintPanel, previousDiagnostic } from "@codemirror/lint";
import { EditorState, type Extension, Prec, type Text } from "@codemirror/state";
import { type Command, EditorView, hoverTooltip, keymap, type Tooltip, type TooltipView, type ViewUpdate } from "@codemirror/view";
import { settings } from "../contexts";
import { askText, choose } from "../dialogs";
import { call, notify, pathOf, relative, tell } from "../host";
import { go } from "../router";
import type { WireRange } from "../wire";
import { setting } from "./options";
import { problemsOf, SEVERITIES } from "./problems";
import { said, textOf } from "./said";
import { offset, position, type Shared } from "./shared";
import { signatures } from "./signature";

type Item = Record<string, any>;
const KINDS = ["text", "method", "function", "method", "property", "variable", "class", "interface", "namespace", "property", "constant", "constant", "enum", "keyword", "text", "text", "text", "text", "text", "constant", "constant", "class", "text", "keyword", "type"];

const place = (view: EditorView) => position(view.state.doc, view.state.selection.main.head);

export function features(one: Shared): Extension {
  const uri = one.path, known = [{ autocomplete: (context: CompletionContext) => complete(one, context) }]; // the same one each time: it is known by that
  return [
    signatures(one),
    autocompletion({ activateOnTyping: true, maxRenderedOptions: 60 }),
    EditorState.languageData.of(() => known),
    hoverTooltip((view, at) => hover(one, view, at), { hoverTime: 350 }),
    linter((view) => problemsOf(uri).map((each) => ({
      ...within(view.state.doc, each.range), message: each.message, severity: SEVERITIES[each.severity ?? 0]!, source: [each.source, codeOf(each.code)].filter(Boolean).join(" "),
      actions: [{ name: "Mend…", apply: (view: EditorView, from: number) => (view.dispatch({ selection: { anchor: from } }), void actions(one, view)) }],
    })), { delay: 0, needsRefresh: () => true }),
    lintGutter(),
    EditorView.updateListener.of((update) => update.docChanged && void onType(one, update).catch(tell)),
    Prec.high(keymap.of([
      { key: "F12", run: does(one, (view) => follow(one, view, "languages.provideDefinition")) },
      { key: "Shift-F12", run: does(one, (view) => follow(one, view, "languages.provideReferences")) },
      { key: "F2", run: does(one, (view) => rename(one, view)) },
      { key: "Mod-.", run: does(one, (view) => actions(one, view)) },
      { key: "Shift-Alt-f", run: does(one, (view) => format(one, view)) },
      { key: "Mod-Shift-o", run: does(one, () => outline(one)) },
      { key: "F8", run: nextDiagnostic }, { key: "Shift-F8", run: previousDiagnostic }, { key: "Mod-Shift-m", run: openLintPanel },
      { key: "Ctrl-Space", run: startCompletion },
    ])),
    EditorView.domEventHandlers({
      mousedown: (event, view) => {
        if (!(event.ctrlKey || event.metaKey) || event.button) return false;
        const at = view.posAtCoords(event);
        if (at === null) return false;
        view.dispatch({ selection: { anchor: at } });
        void follow(one, view, "languages.provideDefinition").catch(tell);
        return true;
      },
    }),
  ];
}

/** Look again at what is wrong with what an editor shows. */
export const relint = (view: EditorView) => forceLinting(view);

/** Something that asks the host: what was typed must be there before. */
function does(one: Shared, ask: (view: EditorView) => Promise<unknown>): Command {
  return (view) => (void one.flushed().then(() => ask(view)).catch(tell), true);
}

const codeOf = (code: any) => (code == null ? "" : `(${typeof code === "object" ? code.value : code})`);
function within(doc: Text, range: WireRange): { from: number; to: number } {
  const from = offset(doc, range.start), to = offset(doc, range.end);
  return { from, to: Math.max(from, to) };
}

// -- completion and hover

async function complete(one: Shared, context: CompletionContext) {
  const word = context.matchBefore(/[\w$]+/), before = context.state.sliceDoc(Math.max(0, context.pos - 1), context.pos);
  if (!context.explicit && !word && !/[.:<"'/@#]/.test(before)) return null;
  await one.flushed();
  if (context.aborted || one.state.doc !== context.state.doc) return null;
  const { items, isIncomplete } = await call("languages.provideCompletionItems", {
    uri: one.path, position: position(context.state.doc, context.pos), ...(word || !before.trim() ? {} : { triggerCharacter: before }),
  }).catch(() => ({ items: [] as Item[], isIncomplete: false }));
  if (!items.length) return null;
  const from = word?.from ?? context.pos;
  return { from, options: items.map((item, at) => option(item, at, from, context.state.doc)), ...(isIncomplete ? {} : { validFor: /^[\w$]*$/ }) };
}

function option(item: Item, at: number, start: number, doc: Text): Completion {
  const label = typeof item.label === "string" ? item.label : item.label.label, insert = item.textEdit?.newText ?? item.insertText ?? label;
  return {
    label: item.filterText ?? label, displayLabel: label, detail: item.detail, type: KINDS[item.kind] ?? "text", boost: 99 - Math.min(198, at), 
    info: item.documentation || item.id ? () => call("languages.resolveItem", { id: item.id }).then((full) => textOf(full.documentation), () => textOf(item.documentation)).then((text) => (text ? said(text) : null)) : undefined,
    apply: (view, completion, from, to) => {
      const range = item.textEdit?.range ?? item.range?.inserting ?? item.range, begin = range ? Math.min(from, from + offset(doc, range.start) - start) : from;
      if (typeof insert === "string") view.dispatch(insertCompletionText(view.state, insert, begin, to));
      else snippet(templateOf(insert.snippet))(view, completion, begin, to);
      if (item.additionalTextEdits?.length) view.dispatch({ changes: item.additionalTextEdits.map((edit: Item) => ({ ...within(doc, edit.range), insert: edit.newText })).filter((edit: { to: number }) => edit.to <= begin) });
      if (item.command) void call("languages.applyItem", { id: item.id }).catch(tell);
    },
  };
}

/** VS Code's snippet as the editor takes it. */
const templateOf = (snippet: string) => snippet.replace(/\\([$}\\])|\$\{(\d+):([^{}]*)\}|\$\{?(\d+)\}?/g, (_, plain, number, name, bare) => plain ?? (number ? `\${${number}:${name}}` : bare === "0" ? "${}" : `\${${bare}}`));

async function hover(one: Shared, view: EditorView, at: number): Promise<Tooltip | null> {
  await one.flushed();
  const found = await call("languages.provideHover", { uri: one.path, position: position(view.state.doc, at) }).catch(() => []);
  const text = found.map((each) => textOf(each.contents)).filter(Boolean).join("\n\n---\n\n");
  if (!text) return null;
  const range = found[0]!.range ? within(view.state.doc, found[0]!.range) : { from: at, to: at };
  return { pos: range.from, end: range.to, above: true, create: (): TooltipView => ({ dom: said(text) }) };
}

// -- going places

export const show = (uri: string, range?: WireRange | null) => go("files", `${pathOf(uri).slice(1)}${range ? `:${range.start.line + 1}:${range.start.character + 1}` : ""}`);

async function follow(one: Shared, view: EditorView, method: "languages.provideDefinition" | "languages.provideReferences"): Promise<void> {
  await one.flushed();
  const found = (await call(method, { uri: one.path, position: place(view) })).map((each) => ({ uri: String(each.targetUri ?? each.uri), range: (each.targetSelectionRange ?? each.targetRange ?? each.range) as WireRange }));
  if (!found.length) return notify(method.endsWith("References") ? "No uses are known." : "Nothing is known of where this is defined.");
  const at = found.length === 1 ? 0 : await choose("Go to", found.map((each) => ({ label: relative(pathOf(each.uri)), description: `line ${each.range.start.line + 1}` })));
  if (at !== null) show(found[at]!.uri, found[at]!.range);
}

export type Symbol = { name: string; detail?: string; kind: number; depth: number; range: WireRange };
export async function symbols(path: string): Promise<Symbol[]> {
  const flat: Symbol[] = [], add = (all: Item[], depth: number) => {
    for (const each of all) {
      flat.push({ name: each.name, detail: each.detail || each.containerName, kind: each.kind, depth, range: each.selectionRange ?? each.location?.range ?? each.range });
      add(each.children ?? [], depth + 1);
    }
  };
  add(await call("languages.provideDocumentSymbols", { uri: path }), 0);
  return flat;
}

async function outline(one: Shared): Promise<void> {
  const all = await symbols(one.path);
  if (!all.length) return notify("No extension knows what this file is made of.");
  const at = await choose("Go to a symbol", all.map((each) => ({ label: `${"\u2003".repeat(each.depth)}${each.name}`, description: each.detail })));
  if (at !== null) show(one.path, all[at]!.range);
}

// -- changing

const indentation = (state: EditorState) => ({ tabSize: state.tabSize, insertSpaces: state.facet(indentUnit) !== "\t" });

/** What changes because of a character that was just typed, where `editor.formatOnType` wants it. */
async function onType(one: Shared, { state, transactions, view }: ViewUpdate): Promise<void> {
  let ch = "";
  for (const each of transactions) if (each.isUserEvent("input")) each.changes.iterChanges((_a, _b, _c, _d, text) => (ch = text.lines > 1 ? "\n" : text.sliceString(text.length - 1)));
  if (!ch || !setting(settings.value, "formatOnType", one.path)) return;
  await one.flushed();
  const edits = await call("languages.provideOnTypeFormattingEdits", { uri: one.path, position: position(state.doc, state.selection.main.head), ch, ...indentation(state) });
  if (edits.length && view.state.doc === state.doc) view.dispatch({ changes: edits.map((each) => ({ ...within(state.doc, each.range), insert: each.newText })), userEvent: "format" });
}

async function format(one: Shared, view: EditorView): Promise<void> {
  const version = view.state.doc, selection = view.state.selection.main;
  const range = selection.empty ? {} : { range: { start: position(version, selection.from), end: position(version, selection.to) } };
  const edits = await call("languages.provideFormattingEdits", { uri: one.path, ...indentation(view.state), ...range });
  if (view.state.doc !== version) return notify("The text changed while it was being formatted; ask again.");
  if (!edits.length) return notify("Nothing to format, or no extension formats this language.");
  view.dispatch({ changes: edits.map((each) => ({ ...within(version, each.range), insert: each.newText })), userEvent: "format" });
}

async function rename(one: Shared, view: EditorView): Promise<void> {
  const at = { uri: one.path, position: place(view) }, found = await call("languages.prepareRename", at);
  const name = await askText({ title: "Rename", prompt: "In all files where it is used", value: found.placeholder });
  if (!name || name === found.placeholder) return;
  await one.flushed(); // the text may have changed while the name was typed
  const answer = await call("languages.provideRenameEdits", { ...at, position: place(view), newName: name }), steps: Item[] = answer?.documentChanges ?? [];
  const edits = steps.flatMap((step) => (step.edits ?? []).map((edit: Item) => ({ uri: step.uri, range: edit.range, newText: edit.newText })));
  const { applied, failureReason } = await call("workspace.applyEdit", { edits });
  if (!applied) return notify(failureReason ?? "It could not be renamed.", "error");
  for (const step of steps) if (step.kind === "rename") await call("workspace.fs.rename", { source: step.oldUri, target: step.newUri });
  notify(`Renamed in ${new Set(edits.map((each) => each.uri)).size} file${edits.length === 1 ? "" : "s"}; nothing is saved yet.`);
}

async function actions(one: Shared, view: EditorView): Promise<void> {
  const { from, to } = view.state.selection.main, doc = view.state.doc;
  const all = await call("languages.provideCodeActions", { uri: one.path, range: { start: position(doc, from), end: position(doc, to) } });
  if (!all.length) return notify("Nothing is offered here.");
  const at = await choose("What to do here", all.map((each) => ({ label: each.title, description: each.disabled?.reason ?? each.kind })));
  if (at !== null) await call("languages.applyItem", { id: all[at]!.id });
}
