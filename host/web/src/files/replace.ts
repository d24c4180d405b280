// Replacing what a search found: asked about first where it is much, told with numbers, and taken back on demand.
import { signal } from "@preact/signals";
import { askAbout } from "../dialogs";
import { relative } from "../host";
import type { Undo } from "./replacein";
import { asked, counted, found, inFiles, keep, said, searched, type Hit } from "./searching";
import { dirty } from "./texts";

/** What was replaced last, and the way back. */
export const replaced = signal<{ said: string; undo: Undo[] } | null>(null);
/** What is at work; aborted it ends behind its file. */
export const working = signal<AbortController | null>(null);

/** Replace these matches, by path; more than one only where the user says so. */
export async function replace(all: [string, Hit[]][]): Promise<void> {
  const many = all.reduce((sum, [, hits]) => sum + hits.length, 0), replacement = asked.value.replacement, query = searched;
  if (many > 1 && !(await isMeant(all, many, replacement))) return;
  const undo: Undo[] = [], problems: string[] = [];
  let done = 0, unsaved = 0;
  const isWhole = await each(all, "Replacing", async ([path, hits], { replaceIn }, open) => {
    const one = await replaceIn(path, hits, found.value?.get(path) ?? hits, query, replacement, open), left = hits.length - one.done;
    if (one.done) undo.push(one.undo);
    if (left) problems.push(`${relative(path)}: ${counted(left, "result")} ${left === 1 ? "is" : "are"} not there any more, or not to be told by $1.`);
    if (one.done && !one.isSaved) unsaved++;
    done += one.done;
    if (searched === query) keep(path, one.rest);
  }, problems);
  const more = [unsaved && `${counted(unsaved, "file")} had unsaved text and ${unsaved === 1 ? "is" : "are"} changed in the editor only.`, ...problems];
  replaced.value = { said: [`${isWhole ? "" : "Stopped. "}Replaced ${inFiles(done, undo.length)}.`, ...more].filter(Boolean).join(" "), undo };
}

/** Bring back what was replaced last, in the files that nobody changed there since. */
export async function undoAll(): Promise<void> {
  const { undo } = replaced.value!, problems: string[] = [], rest: Undo[] = [];
  let done = 0;
  await each(undo.map((one) => [one.path, one] as const), "Bringing back", async ([path, one], inFile, open) => {
    if (await inFile.undo(one, open)) done++;
    else rest.push(one), problems.push(`${relative(path)}: somebody changed it since, and it stays as it is.`);
  }, problems);
  replaced.value = { said: [`Brought back ${counted(done, "file")}; search again to see them.`, ...problems].join(" "), undo: rest };
}

async function each<T extends readonly [string, unknown]>(all: T[], doing: string, work: (one: T, inFile: typeof import("./replacein"), open: Set<string>) => Promise<void>, problems: string[]): Promise<boolean> {
  const stop = (working.value = new AbortController()), before = said.value;
  try {
    const inFile = await import("./replacein"), open = await inFile.openNow();
    for (const [at, one] of all.entries()) {
      if (stop.signal.aborted) break;
      if (all.length > 1) said.value = `${doing}… ${at + 1} of ${counted(all.length, "file")}`;
      await work(one, inFile, open).catch((error) => problems.push(`${relative(one[0])}: ${error.message}.`));
    }
  } catch (error: any) {
    problems.push(error.message);
  }
  if (said.value.startsWith(doing)) said.value = before;
  working.value = null;
  return !stop.signal.aborted;
}

function isMeant(all: [string, Hit[]][], many: number, replacement: string): Promise<boolean> {
  const unsaved = all.filter(([path]) => dirty.value.has(path)).length, label = `Replace ${counted(many, "result")}`;
  const details = [
    unsaved && `${counted(unsaved, "file")} ${unsaved === 1 ? "has" : "have"} unsaved text: the editor is changed there, and nothing saved.`,
    unsaved < all.length && `${unsaved ? "All others" : "They"} are saved.`,
    "It can be undone here as long as this page is open, in files that nobody changes at those places meanwhile.",
  ];
  return askAbout(`Replace ${inFiles(many, all.length)} ${replacement ? `with “${replacement.slice(0, 100)}”` : "with nothing"}?`, details, label).then((answer) => answer === label);
}
