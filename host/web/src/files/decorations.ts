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

/** One way to mark, as it was given, and where it is by now: it moves with the text until it is given anew. */
type Way = { options: Options; ranges: Marked[]; given: string; drawn: Drawn; hovers: Hover[] };
type Ways = ReadonlyMap<string, Way>;

const put = StateEffect.define<Ways>();
const field = StateField.define<Ways>({
  create: () => new Map(),
  update(ways, { effects, docChanged, changes }) {
    for (const effect of effects) if (effect.is(put)) return effect.value;
    if (!docChanged || !ways.size) return ways;
    const moved = ({ hovers, drawn, ...rest }: Way): Way => ({
      ...rest,
      drawn: { lines: drawn.lines.map(changes), marks: drawn.marks.map(changes) },
      hovers: hovers.map((one) => ({ ...one, from: changes.mapPos(one.from, 1), to: changes.mapPos(one.to, -1) })).filter((one) => one.from <= one.to),
    });
    return new Map([...ways].map(([key, way]) => [key, moved(way)]));
  },
  provide: (own) => EditorView.decorations.computeN([own], (state) => [...state.field(own).values()].flatMap(({ drawn }) => [drawn.lines, drawn.marks])),
});

export const decorations: Extension = [
  field,
  hoverTooltip((view, at) => {
    const found = [...view.state.field(field).values()].flatMap((one) => one.hovers).filter((one) => one.from <= at && at <= one.to);
    if (!found.length) return null;
    return { pos: Math.min(...found.map((one) => one.from)), end: Math.max(...found.map((one) => one.to)), above: true, create: () => ({ dom: said(found.flatMap((one) => one.about)) }) };
  }, { hoverTime: 350 }),
];

/** Mark what extensions mark in a file: what they have not given anew stays where it has moved to. */
export function decorate(view: EditorView, path: string, pieces: Piece[]): void {
  const types = new Map(pieces.filter((one) => one.kind === "decorationType").map((one) => [one.state.key as string, one.state.options as Options]));
  const before = view.state.field(field), now = new Map<string, Way>();
  for (const { kind, handle, state } of pieces) {
    if (kind !== "textEditor" || state.side === "original" || pathOf(String(state.uri)) !== path) continue;
    for (const [name, ranges] of Object.entries(state)) {
      const key = name.startsWith("decorations.") ? name.slice(12) : "", options = types.get(key), id = `${handle} ${key}`, was = before.get(id);
      if (!options || !Array.isArray(ranges)) continue;
      if (was?.options === options && was.ranges === ranges) now.set(id, was);
      else {
        const given = JSON.stringify([options, ranges]); // all is told again after a lost line
        now.set(id, was?.given === given ? { ...was, options, ranges } : { options, ranges, given, ...draw(view.state.doc, key, options, ranges) });
      }
    }
  }
  if (now.size !== before.size || [...now].some(([id, way]) => before.get(id) !== way)) view.dispatch({ effects: put.of(now) });
}

/** Whether text that is typed at the ends of a mark is part of it, by VS Code's DecorationRangeBehavior: if nothing is said. */
const grows = (options: Options) => ({ inclusiveStart: [0, 2].includes(options.rangeBehavior ?? 0), inclusiveEnd: [0, 3].includes(options.rangeBehavior ?? 0) });

function draw(doc: Text, key: string, options: Options, ranges: Marked[]): { drawn: Drawn; hovers: Hover[] } {
  const lines: [number, Decoration][] = [], marks: [number, number, Decoration][] = [], hovers: Hover[] = [], name = classOf(key, options);
  for (const { range, hoverMessage, renderOptions } of ranges) {
    const from = offset(doc, range.start), to = Math.max(from, offset(doc, range.end));
    if (options.isWholeLine) for (let at = doc.lineAt(from).number; at <= doc.lineAt(to).number && lines.length < MOST_LINES; at++) lines.push([doc.line(at).from, Decoration.line({ class: name })]);
    else if (from < to) marks.push([from, to, Decoration.mark({ class: name, ...grows(options) })]);
    const beside = (side: "before" | "after") => {
      const text = { ...options[side], ...renderOptions?.[side] };
      if (text.contentText) marks.push(side === "before" ? [from, from, Decoration.widget({ widget: new Beside(text), side: -1 })] : [to, to, Decoration.widget({ widget: new Beside(text), side: 1 })]);
    };
    beside("before");
    beside("after");
    if (hoverMessage) hovers.push({ from, to, about: hoverMessage });
  }
  const built = new RangeSetBuilder<Decoration>();
  for (const [at, one] of lines.sort((a, b) => a[0] - b[0])) built.add(at, at, one);
  return { drawn: { lines: built.finish(), marks: Decoration.set(marks.map(([from, to, one]) => one.range(from, to)), true) }, hovers };
}
