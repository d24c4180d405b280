// How extensions mark ranges of a text: looks of their own, texts beside it, and what is said under the pointer.
import { type Extension, RangeSetBuilder, StateEffect, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, hoverTooltip, WidgetType } from "@codemirror/view";
import { pathOf } from "../host";
import type { Piece, WireRange } from "../wire";
import { said } from "./said";
import { offset } from "./shared";

type Options = Record<string, any>;
type Marked = { range: WireRange; hoverMessage?: any[]; renderOptions?: Options };
type Hover = { from: number; to: number; about: any[] };
type Drawn = { lines: DecorationSet; marks: DecorationSet };

const LOOKS = ["backgroundColor", "border", "borderColor", "borderRadius", "borderStyle", "borderWidth", "color", "cursor", "fontStyle", "fontWeight", "height", "letterSpacing", "margin", "opacity", "outline", "outlineColor", "outlineStyle", "outlineWidth", "textDecoration", "width"] as const;
const MOST_LINES = 5_000;
/** What our own colours are in VS Code's themes, by the end of their names. */
const THEMED: [RegExp, string][] = [[/error/i, "bad"], [/warning|modified/i, "warn"], [/inserted|added|success/i, "good"], [/background|highlight/i, "select"], [/.*/, "muted"]];

const dashed = (name: string) => name.replace(/[A-Z]/g, (one) => `-${one.toLowerCase()}`);
const valueOf = (given: any): string => (given?.id ? `var(--${THEMED.find(([name]) => name.test(given.id))![1]})` : String(given));

function style(target: CSSStyleDeclaration, options: Options | undefined): void {
  for (const name of LOOKS) if (options?.[name] != null) target.setProperty(dashed(name), valueOf(options[name]));
}

// -- a class for each way to mark, as the extension says it is for light and dark

const sheet = new CSSStyleSheet(), classes = new Map<string, string>();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

function classOf(key: string, options: Options): string {
  const text = JSON.stringify(options), name = `marked-${key.replace(/\W/g, "")}`;
  if (classes.get(name) === text) return name;
  for (let at = sheet.cssRules.length - 1; at >= 0; at--) if ((sheet.cssRules[at] as CSSStyleRule).selectorText.endsWith(`.${name}`)) sheet.deleteRule(at);
  classes.set(name, text);
  for (const [where, looks] of [["", options], [":root[data-theme=light] ", options.light], [":root[data-theme=dark] ", options.dark]] as const)
    style((sheet.cssRules[sheet.insertRule(`${where}.${name} {}`, sheet.cssRules.length)] as CSSStyleRule).style, looks);
  return name;
}

class Beside extends WidgetType {
  constructor(readonly options: Options) {
    super();
  }
  eq(other: Beside): boolean {
    return JSON.stringify(other.options) === JSON.stringify(this.options);
  }
  toDOM(): HTMLElement {
    const made = document.createElement("span"), theme = document.documentElement.dataset.theme as "light" | "dark";
    made.className = "beside";
    made.textContent = String(this.options.contentText);
    style(made.style, this.options);
    style(made.style, this.options[theme]);
    return made;
  }
}

// -- what one editor shows

const put = StateEffect.define<{ drawn: Drawn; hovers: Hover[] }>();
const field = StateField.define<{ drawn: Drawn; hovers: Hover[] }>({
  create: () => ({ drawn: { lines: Decoration.none, marks: Decoration.none }, hovers: [] }),
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(put)) return effect.value;
    if (!transaction.docChanged) return value;
    const { changes } = transaction, { lines, marks } = value.drawn;
    const hovers = value.hovers.map((one) => ({ ...one, from: changes.mapPos(one.from, 1), to: changes.mapPos(one.to, -1) })).filter((one) => one.from <= one.to);
    return { drawn: { lines: lines.map(changes), marks: marks.map(changes) }, hovers };
  },
  provide: (own) => [EditorView.decorations.from(own, (value) => value.drawn.lines), EditorView.decorations.from(own, (value) => value.drawn.marks)],
});

export const decorations: Extension = [
  field,
  hoverTooltip((view, at) => {
    const found = view.state.field(field).hovers.filter((one) => one.from <= at && at <= one.to);
    if (!found.length) return null;
    return { pos: Math.min(...found.map((one) => one.from)), end: Math.max(...found.map((one) => one.to)), above: true, create: () => ({ dom: said(found.flatMap((one) => one.about)) }) };
  }, { hoverTime: 350 }),
];

const shown = new WeakMap<EditorView, unknown[]>();

/** Mark what extensions mark in a file; nothing is done where that is as it was. */
export function decorate(view: EditorView, path: string, pieces: Piece[]): void {
  const types = new Map(pieces.filter((one) => one.kind === "decorationType").map((one) => [one.state.key as string, one.state.options as Options]));
  const ways: [string, Options, Marked[]][] = [];
  for (const { kind, state } of pieces) {
    if (kind !== "textEditor" || state.side !== "text" || !String(state.uri).startsWith("file:") || pathOf(state.uri) !== path) continue;
    for (const [name, ranges] of Object.entries(state)) {
      const key = name.startsWith("decorations.") ? name.slice(12) : "", options = types.get(key);
      if (options && Array.isArray(ranges)) ways.push([key, options, ranges]);
    }
  }
  const before = shown.get(view) ?? [], now = ways.flatMap(([, options, ranges]) => [options, ranges]);
  if (before.length === now.length && before.every((one, index) => one === now[index])) return;
  shown.set(view, now);
  view.dispatch({ effects: put.of(draw(view.state.doc, ways)) });
}

function draw(doc: Text, ways: [string, Options, Marked[]][]): { drawn: Drawn; hovers: Hover[] } {
  const lines: [number, Decoration][] = [], marks: [number, number, Decoration][] = [], hovers: Hover[] = [];
  for (const [key, options, ranges] of ways) {
    const name = classOf(key, options);
    for (const { range, hoverMessage, renderOptions } of ranges) {
      const from = offset(doc, range.start), to = Math.max(from, offset(doc, range.end));
      if (options.isWholeLine) for (let at = doc.lineAt(from).number; at <= doc.lineAt(to).number && lines.length < MOST_LINES; at++) lines.push([doc.line(at).from, Decoration.line({ class: name })]);
      else if (from < to) marks.push([from, to, Decoration.mark({ class: name })]);
      const beside = (side: "before" | "after") => {
        const text = { ...options[side], ...renderOptions?.[side] };
        if (text.contentText) marks.push(side === "before" ? [from, from, Decoration.widget({ widget: new Beside(text), side: -1 })] : [to, to, Decoration.widget({ widget: new Beside(text), side: 1 })]);
      };
      beside("before");
      beside("after");
      if (hoverMessage) hovers.push({ from, to, about: hoverMessage });
    }
  }
  const built = new RangeSetBuilder<Decoration>();
  for (const [at, one] of lines.sort((a, b) => a[0] - b[0])) built.add(at, at, one);
  return { drawn: { lines: built.finish(), marks: Decoration.set(marks.map(([from, to, one]) => one.range(from, to)), true) }, hovers };
}
