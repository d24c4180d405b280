// How an editor shows its text: its own options, which the host keeps and extensions may set, and the user's settings.
import { indentUnit } from "@codemirror/language";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { pathOf } from "../host";
import type { Piece } from "../wire";
import { languages } from "./texts";

type Settings = Record<string, any> | null;
/** Names of fonts, and nothing else that a stylesheet might take for its own: settings come with folders, too. */
const FONTS = /^(?:[\p{L}\p{N} _,-]|"[\p{L}\p{N} _,-]*"|'[\p{L}\p{N} _,-]*'){1,200}$/u;
const shown = new Compartment(), known = new WeakMap<EditorView, string>();
export const options: Extension = shown.of([]);

/** A setting of `editor`, as it is for a file's language. */
export const setting = (all: Settings, name: string, path: string): any => all?.[`[${languages.get(path)}]`]?.[`editor.${name}`] ?? all?.editor?.[name];

/** Show a text as its options and the settings say. */
export function dress(view: EditorView, path: string, pieces: Piece[], all: Settings): void {
  const own = pieces.find(({ kind, state }) => kind === "textEditor" && state.side !== "original" && pathOf(String(state.uri)) === path)?.state.options ?? {};
  const named = Object.fromEntries(["wordWrap", "wordWrapColumn", "rulers", "fontSize", "fontFamily"].map((name) => [name, setting(all, name, path)]));
  const text = JSON.stringify([own, named]);
  if (known.get(view) === text) return;
  known.set(view, text);
  view.dispatch({ effects: shown.reconfigure([indented(own), ...wrapped(named), EditorView.theme(looks(own, named))]) });
}

const indented = ({ tabSize = 4, indentSize = 4, insertSpaces = true }: Record<string, any>): Extension => [EditorState.tabSize.of(tabSize), indentUnit.of(insertSpaces ? " ".repeat(indentSize) : "\t")];

const wrapped = ({ wordWrap }: Record<string, any>): Extension[] => (wordWrap && wordWrap !== "off" ? [EditorView.lineWrapping] : []);

function looks({ cursorStyle, lineNumbers }: Record<string, any>, { wordWrap, wordWrapColumn, rulers, fontSize, fontFamily }: Record<string, any>): Record<string, Record<string, string>> {
  const columns = (Array.isArray(rulers) ? rulers : []).map((one) => Number(one?.column ?? one)).filter((one) => one > 0).slice(0, 20);
  const isNarrow = ["wordWrapColumn", "bounded"].includes(wordWrap), isFonts = typeof fontFamily === "string" && fontFamily !== "monospace" && FONTS.test(fontFamily);
  return {
    "&": typeof fontSize === "number" ? { fontSize: `${Math.min(100, Math.max(6, fontSize))}px` } : {},
    ".cm-scroller": isFonts ? { fontFamily: `${fontFamily}, var(--mono)` } : {},
    ".cm-lineNumbers": lineNumbers === 0 ? { display: "none !important" } : {},
    ".cm-content": {
      ...(isNarrow ? { maxWidth: `calc(${Number(wordWrapColumn) || 80}ch + 8px)` } : {}),
      ...(columns.length ? { background: columns.map((one) => `linear-gradient(var(--line), var(--line)) calc(${one}ch + 6px) 0 / 1px 100% no-repeat`).join(", ") } : {}),
    },
    ".cm-cursor": [2, 5].includes(cursorStyle) ? { borderLeft: "none", width: "1ch", backgroundColor: "var(--accent)", opacity: "0.5" } : [3, 6].includes(cursorStyle) ? { borderLeft: "none", width: "1ch", borderBottom: "2px solid var(--accent)" } : {},
  };
}
