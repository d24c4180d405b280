// CodeMirror as all of the page has it: its looks and its languages.
import { HighlightStyle, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const v = (name: string) => `var(--${name})`;
const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", backgroundColor: v("paper"), color: v("ink") },
  ".cm-scroller": { fontFamily: v("mono"), lineHeight: "1.55" },
  ".cm-gutters": { backgroundColor: v("paper"), color: v("muted"), border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: v("hover") },
  "&.cm-focused": { outline: "none" },
  ".cm-cursor": { borderLeftColor: v("accent") },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: `${v("select")} !important` },
  ".cm-tooltip": { backgroundColor: v("raised"), color: v("ink"), border: `1px solid ${v("line")}`, borderRadius: "8px", boxShadow: v("shadow"), overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: v("mono"), fontSize: "12.5px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: v("select"), color: v("ink") },
  ".cm-completionDetail": { color: v("muted"), fontStyle: "normal" },
  ".cm-completionMatchedText": { color: v("accent"), textDecoration: "none", fontWeight: "600" },
  ".cm-diagnostic": { padding: "5px 10px", borderLeftWidth: "3px" },
  ".cm-diagnostic-error": { borderLeftColor: v("bad") },
  ".cm-diagnostic-warning": { borderLeftColor: v("warn") },
  ".cm-diagnostic-info, .cm-diagnostic-hint": { borderLeftColor: v("accent") },
  ".cm-diagnosticAction": { backgroundColor: v("hover"), color: v("ink"), borderRadius: "5px", padding: "1px 8px" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: `underline wavy ${v("bad")}`, textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: `underline wavy ${v("warn")}`, textUnderlineOffset: "3px" },
  ".cm-lintRange-info, .cm-lintRange-hint": { backgroundImage: "none", textDecoration: `underline dotted ${v("muted")}`, textUnderlineOffset: "3px" },
  ".cm-gutter-lint": { width: "12px" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0 3px" },
  ".cm-lint-marker": { width: "6px", height: "6px", borderRadius: "50%", margin: "7px 0 0" },
  ".cm-lint-marker-error": { content: "none", background: v("bad") },
  ".cm-lint-marker-warning": { content: "none", background: v("warn") },
  ".cm-lint-marker-info, .cm-lint-marker-hint": { content: "none", background: v("accent") },
  ".cm-panel.cm-panel-lint ul [aria-selected]": { backgroundColor: v("select") },
  ".cm-panels": { backgroundColor: v("panel"), color: v("ink"), borderColor: v("line") },
  ".cm-searchMatch": { backgroundColor: v("select") },
  ".cm-changedLine, &.cm-merge-b .cm-changedLine": { backgroundColor: v("added") },
  ".cm-deletedChunk": { backgroundColor: v("removed"), paddingLeft: "6px" },
  ".cm-insertedLine, .cm-deletedLine, .cm-deletedLine del": { textDecoration: "none" },
  ".cm-changedText, &.cm-merge-b .cm-changedText": { background: v("added-strong") },
  ".cm-deletedText, .cm-deletedChunk .cm-deletedText": { background: v("removed-strong") },
  ".cm-deletedChunk .cm-chunkButtons": { insetInlineEnd: "8px", zIndex: "1" },
  ".cm-chunkButtons button": { fontFamily: v("sans"), fontSize: "12px", padding: "2px 10px", margin: "0 2px", borderRadius: "5px", cursor: "pointer" },
  ".cm-chunkButtons button[name=accept]": { background: v("accent"), color: v("on-accent") },
  ".cm-chunkButtons button[name=reject]": { background: v("bad"), color: v("on-accent") },
  ".cm-collapsedLines::before, .cm-collapsedLines::after": { content: "\"\" !important" },
  ".cm-collapsedLines": { background: v("panel"), color: v("muted") },
});
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: v("code-key") },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: v("code-text") },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: v("code-number") },
  { tag: [tags.comment, tags.meta], color: v("muted"), fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.definition(tags.function(tags.variableName))], color: v("code-name") },
  { tag: [tags.typeName, tags.className, tags.tagName], color: v("code-type") },
  { tag: tags.heading, fontWeight: "600" },
  { tag: tags.strong, fontWeight: "600" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: [tags.link, tags.url], color: v("accent") },
]);
export const looks: Extension = [theme, syntaxHighlighting(colours)];

/** The language of a file by its name, or nothing. */
export async function language(path: string): Promise<Extension> {
  const end = /[^/]*$/.exec(path)![0].toLowerCase().replace(/^.*\.(?=[^.]+$)/, "");
  switch (end) {
    case "py": case "pyi": return (await import("@codemirror/lang-python")).python();
    case "js": case "mjs": case "cjs": case "jsx": return (await import("@codemirror/lang-javascript")).javascript({ jsx: true });
    case "ts": case "tsx": return (await import("@codemirror/lang-javascript")).javascript({ typescript: true, jsx: end === "tsx" });
    case "json": return (await import("@codemirror/lang-json")).json();
    case "md": return (await import("@codemirror/lang-markdown")).markdown();
    case "html": return (await import("@codemirror/lang-html")).html();
    case "css": return (await import("@codemirror/lang-css")).css();
    case "toml": return StreamLanguage.define((await import("@codemirror/legacy-modes/mode/toml")).toml);
    case "yaml": case "yml": return StreamLanguage.define((await import("@codemirror/legacy-modes/mode/yaml")).yaml);
    case "sh": case "bash": case "zsh": return StreamLanguage.define((await import("@codemirror/legacy-modes/mode/shell")).shell);
    case "rs": return StreamLanguage.define((await import("@codemirror/legacy-modes/mode/rust")).rust);
    case "go": return StreamLanguage.define((await import("@codemirror/legacy-modes/mode/go")).go);
    case "dockerfile": return StreamLanguage.define((await import("@codemirror/legacy-modes/mode/dockerfile")).dockerFile);
    default: return [];
  }
}
