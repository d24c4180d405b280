// Other texts in the place of matches: written into the documents that all edit, so that what is not saved there stays.
import { ChangeSet, Text } from "@codemirror/state";
import { call } from "../host";
import type { Query } from "../wire";
import { replacementOf } from "./replacement";
import type { Hit } from "./searching";
import { editsOf, lines, offset, position, Shared } from "./shared";

/** A place in a text, what stands there, and what comes instead. */
type Place = { from: number; to: number; was: string; insert: string };
/** How it was before, of one file. */
export type Undo = { path: string; places: Place[] };
/** `done` is their number, `rest` are those that stay, where they are now; `isSaved`: the file has it, and not the editor alone. */
export type Done = { undo: Undo; done: number; rest: Hit[]; isSaved: boolean };

const TRIES = 5;
const CUT = 1_000, LEAD = 100; // characters of a line that a search shows, and those before the match

/** The URIs of the documents that somebody has open. */
export const openNow = async () => new Set((await call("workspace.textDocuments", {})).map((one) => one.uri));

/** Replace some of all matches of one file; it is closed again unless it is one of those that are `open`. Throws what keeps all of it from being done. */
export async function replaceIn(path: string, hits: Hit[], all: Hit[], query: Query, replacement: string, open: Set<string>): Promise<Done> {
  const done = new Set<Hit>();
  let before = Text.empty, changes: Place[] = [];
  const { places, isSaved } = await change(path, open, (text) => {
    before = text;
    return (changes = hits.flatMap((hit) => {
      const [from, to] = placeOf(text, hit) ?? [0, -1];
      const was = from <= to ? text.sliceString(from, to) : "", insert = from <= to && replacementOf(query, text, from, was, replacement);
      if (typeof insert !== "string") return [];
      done.add(hit);
      return [{ from, to, was, insert }];
    }));
  });
  const rest = all.filter((one) => !done.has(one));
  return { undo: { path, places }, done: done.size, rest: places.length ? moved(rest, before, ChangeSet.of(changes, before.length)) : rest, isSaved };
}

/** Matches where they are after a change of their file, with their lines as these are now. */
function moved(hits: Hit[], text: Text, set: ChangeSet): Hit[] {
  const after = set.apply(text);
  return hits.map((hit) => {
    const was = placeOf(text, hit);
    if (!was) return hit;
    const from = set.mapPos(was[0], 1), to = Math.max(from, set.mapPos(was[1], -1));
    return { range: { start: position(after, from), end: position(after, to) }, ...shownOf(after, from, to) };
  });
}

/** Bring back what was replaced; false where somebody changed it since. */
export async function undo({ path, places }: Undo, open: Set<string>): Promise<boolean> {
  const isThere = (text: Text) => places.every((one) => text.sliceString(one.from, one.to) === one.was);
  return (await change(path, open, (text) => (isThere(text) ? places : []))).places.length > 0;
}

/** Change a document, and its file where nothing else waits there to be saved. Gives the way back. */
async function change(path: string, open: Set<string>, find: (text: Text) => Place[]): Promise<{ places: Place[]; isSaved: boolean }> {
  await Shared.find(path)?.flushed();
  const { uri, text, version, isDirty } = await patient(() => call("workspace.openTextDocument", { uri: path }));
  try {
    const base = lines(text), places = find(base);
    if (!places.length) return { places, isSaved: !isDirty };
    const set = ChangeSet.of(places, base.length), edits = editsOf(set, base).map((one) => ({ uri: path, version, ...one }));
    const { applied, failureReason } = edits.length ? await patient(() => call("workspace.applyEdit", { edits })) : { applied: true, failureReason: "" };
    if (!applied) throw new Error(failureReason ?? "somebody changed it in this moment");
    const back = places.map(({ from, was, insert }) => ({ from: set.mapPos(from, -1), to: set.mapPos(from, -1) + insert.length, was: insert, insert: was }));
    const saved = isDirty ? null : await patient(() => call("workspace.saveDocument", { uri: path }));
    if (saved && !saved.saved) throw new Error(`it is changed in the editor and not saved: ${saved.failureReason}`);
    return { places: back, isSaved: !isDirty };
  } finally {
    if (!open.has(uri)) await call("workspace.closeTextDocument", { uri: path }).catch(() => {}); // it has what is not saved, then it stays
  }
}

/** What a search would show of a match; of a long line the part around it. */
function shownOf(text: Text, from: number, to: number): { preview: string; at: number } {
  const begin = text.lineAt(from).from, skipped = to - begin > CUT ? Math.max(0, from - begin - LEAD) : 0;
  return { preview: text.sliceString(begin + skipped, Math.min(text.lineAt(to).to, begin + skipped + CUT)), at: from - begin - skipped };
}

/** Where a match is in the text; null where its lines are other ones by now. */
function placeOf(text: Text, { range: { start, end }, preview }: Hit): [number, number] | null {
  if (end.line >= text.lines) return null;
  const whole = text.sliceString(text.line(start.line + 1).from, text.line(end.line + 1).to), shown = preview.replace(/\r\n?/g, "\n");
  const isThere = `\n${shown}\n`.includes(`\n${whole}\n`) || (shown.length >= CUT && whole.includes(shown));
  return isThere ? [offset(text, start), offset(text, end)] : null;
}

/** A host that has much to do is asked again. */
async function patient<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await ask();
    } catch (error: any) {
      if (!error.data?.retryable || tries === TRIES) throw error;
      await new Promise((done) => setTimeout(done, error.data.retryAfterMs ?? 500 * tries));
    }
}
