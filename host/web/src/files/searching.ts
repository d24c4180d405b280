// What is looked for in files, and what was found. It goes on, and stays, while something else stands in its place.
import { computed, signal } from "@preact/signals";
import { call, pathOf } from "../host";
import { CANCELLED } from "../socket";
import type { Found, Query, WireRange } from "../wire";

/** One match: where it is, the lines that it is in, or a part of them where they are long, and where in that it begins. */
export type Hit = { range: WireRange; preview: string; at: number };

/** Matches that are looked for at most. */
export const MOST = 5_000;
/** What comes while a search runs is shown some at a time. */
const PORTION_MS = 100;
export const asked = signal({ text: "", isCase: false, isWord: false, isRegex: false, include: "", exclude: "", replacement: "" });
/** What is open of the form besides the text to look for. */
export const opened = signal({ replace: false, globs: false });
/** By path; null where nothing was looked for yet. */
export const found = signal<Map<string, Hit[]> | null>(null);
export const said = signal("");
export const wrong = signal("");
/** The query that what was found is of. */
export let searched: Query = { pattern: "" };
export const running = signal<AbortController | null>(null);
export const count = computed(() => [...(found.value?.values() ?? [])].reduce((sum, all) => sum + all.length, 0));

export const counted = (many: number, one: string) => `${many.toLocaleString("en")} ${one}${many === 1 ? "" : "s"}`;
export const inFiles = (many: number, files: number) => `${counted(many, "result")} in ${counted(files, "file")}`;

/** Globs with commas between them as one; a name means itself in any folder, and all that is below it, as in VS Code. */
export function globOf(text: string): string | undefined {
  const parts = text.match(/(?:\{[^{}]*\}|[^,{}]|[{}])+/g) ?? [];
  const globs = parts.map((one) => one.trim().replace(/(\/\*\*|\/)+$/, "")).filter(Boolean);
  const whole = globs.map((one) => (one === "**" ? one : one.startsWith("./") ? `${one.slice(2)}/**` : one.startsWith("/") ? `${one}/**` : `**/${one.replace(/^(\*\*\/)+/, "")}/**`));
  return whole.length > 1 ? `{${whole.join(",")}}` : whole[0];
}

const queryOf = ({ text, isCase, isWord, isRegex }: typeof asked.value): Query =>
  ({ pattern: text, isRegExp: isRegex, isCaseSensitive: isCase, isWordMatch: isWord, isMultiline: isRegex && /\\n/.test(text) });

/** Look anew; what still is looked for is given up. */
export async function search(): Promise<void> {
  running.value?.abort();
  const { text, include, exclude } = asked.value, query = queryOf(asked.value);
  if (!text) return;
  const stop = (running.value = new AbortController());
  searched = query;
  found.value = new Map();
  said.value = "Searching…";
  wrong.value = "";
  const some = new Map<string, Hit[]>();
  let timer = 0;
  const portion = () => ((timer = 0), running.value === stop && (found.value = new Map(some)));
  const heard = ({ matches }: { matches: Found[] }) => {
    add(some, matches);
    timer ||= window.setTimeout(portion, PORTION_MS);
  };
  try {
    const globs = { include: globOf(include), ...(globOf(exclude) ? { exclude: globOf(exclude) } : {}) };
    const { matches, limitHit } = await call("workspace.findTextInFiles", { query, ...globs, maxResults: MOST }, heard, stop.signal);
    if (running.value !== stop) return;
    found.value = add(new Map(), matches);
    said.value = !matches.length ? "Nothing was found" : inFiles(count.value, found.value!.size);
    if (limitHit) said.value += count.value >= MOST ? ": there are more, this is as many as are looked for at once" : ": there are more than one answer holds";
  } catch (error: any) {
    if (running.value !== stop) return;
    if (error.code === CANCELLED) portion(), (said.value = `Stopped. Until then: ${inFiles(count.value, found.value!.size)}`);
    else (found.value = null), (said.value = ""), (wrong.value = error.message);
  }
  running.value = null;
}

/** Stop the search at the host; what was found until then stays. */
export const stop = () => running.value?.abort();

function add(by: Map<string, Hit[]>, matches: Found[]): Map<string, Hit[]> {
  for (const { uri, ranges, preview, skipped } of matches) {
    const path = pathOf(uri), all = by.get(path) ?? [];
    if (!by.has(path)) by.set(path, all);
    for (const range of ranges) {
      const above = preview.split("\n", range.start.line - ranges[0]!.start.line).reduce((sum, line) => sum + line.length + 1, 0);
      all.push({ range, preview, at: above + range.start.character - (above ? 0 : skipped) });
    }
  }
  return by;
}

/** What is left of a file's matches. */
export function keep(path: string, hits: Hit[]): void {
  const by = new Map(found.value ?? []);
  if (hits.length) by.set(path, hits);
  else by.delete(path);
  found.value = by;
  said.value = inFiles(count.value, by.size);
}
