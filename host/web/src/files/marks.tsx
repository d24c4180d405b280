// How extensions mark files: letters and colours, asked for as files come into sight, again when they may be others.
import { signal } from "@preact/signals";
import { began, call, opens, pathOf } from "../host";

export type Mark = { badge?: string; tooltip?: string; color?: string };
const AT_ONCE = 200, SOON_MS = 30, AGAIN_MS = 2_000;

export const marks = signal(new Map<string, Mark | null>());
/** Paths that somebody shows, by who; those whose mark may be another by now; and those that were asked for, by the turn in which. */
const inSight = new Map<string, string[]>(), stale = new Set<string>(), asked = new Map<string, number>();
let timer = 0, turns = 0;

/** Ask for the marks of what somebody shows, `who` by a name of their own; nothing is asked twice. */
export function want(who: string, paths: string[]): void {
  inSight.set(who, paths);
  soon();
}

function soon(after = SOON_MS): void {
  timer ||= window.setTimeout(() => ((timer = 0), void ask()), after);
}

async function ask(): Promise<void> {
  const turn = ++turns, missing = [...new Set([...inSight.values()].flat())].filter((path) => (!marks.value.has(path) || stale.has(path)) && !asked.has(path));
  for (const path of missing) asked.set(path, turn), stale.delete(path);
  for (let at = 0; at < missing.length; at += AT_ONCE) {
    const some = missing.slice(at, at + AT_ONCE), found = await call("window.provideFileDecorations", { uris: some }).catch(() => null);
    if (!found) { // the host is busy or away: all that is left, a little later
      for (const path of missing.slice(at)) if (asked.get(path) === turn) asked.delete(path), stale.add(path);
      return soon(AGAIN_MS);
    }
    const fresh = some.map((path, index) => [path, (found[index] as Mark | null) ?? null] as const).filter(([path]) => asked.get(path) === turn && asked.delete(path));
    if (fresh.length) marks.value = new Map([...marks.value, ...fresh]);
  }
}

/** What may look other than before is asked for again; until the answer comes it looks as it did, and answers on their way are of before. */
function renew(paths: Set<string> | null): void {
  const shown = new Set([...inSight.values()].flat()), kept = [...marks.value].filter(([path]) => shown.has(path) || (paths && !paths.has(path)));
  if (kept.length < marks.value.size) marks.value = new Map(kept);
  for (const path of paths ?? [...asked.keys(), ...shown]) asked.delete(path), shown.has(path) && stale.add(path);
  soon();
}

opens((whole) => whole && renew(null));
began((link) => {
  link.on("window.onDidChangeFileDecorations", ({ uris }: { uris: string[] | null }) => {
    if (!uris) return renew(null);
    const paths = new Set<string>();
    for (const uri of uris) for (let path = pathOf(uri); path; path = path.slice(0, path.lastIndexOf("/"))) paths.add(path);
    renew(paths);
  });
});

/** The class that has a mark's colour: `git-modified` of `gitDecoration.modifiedResourceForeground`. */
export function classOf(mark: Mark | null | undefined): string {
  const name = /^gitDecoration\.(?:stage)?(\w+)ResourceForeground$/.exec(mark?.color ?? "")?.[1];
  return name ? `marked git-${name.toLowerCase()}` : mark?.color ? "marked" : "";
}

/** A mark's letter; who hears the page hears its words. */
export const Letter = ({ mark }: { mark: Mark | null | undefined }) =>
  mark?.badge || mark?.tooltip ? <><b class="letter" aria-hidden="true">{mark.badge}</b><span class="unseen">{mark.tooltip ?? mark.badge}</span></> : null;
