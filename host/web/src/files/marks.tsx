// How extensions mark files: letters and colours, asked for as files come into sight, again when they may be others.
import { signal } from "@preact/signals";
import { began, call, opens, pathOf } from "../host";

export type Mark = { badge?: string; tooltip?: string; color?: string };
const AT_ONCE = 200;

export const marks = signal(new Map<string, Mark | null>());
const inSight = new Map<string, string[]>(), asked = new Set<string>();
let timer = 0;

/** Ask for the marks of what somebody shows, `who` by a name of their own; nothing is asked twice. */
export function want(who: string, paths: string[]): void {
  inSight.set(who, paths);
  if (!timer) timer = window.setTimeout(ask, 30);
}

async function ask(): Promise<void> {
  timer = 0;
  const missing = [...new Set([...inSight.values()].flat())].filter((path) => !marks.value.has(path) && !asked.has(path));
  for (let at = 0; at < missing.length; at += AT_ONCE) {
    const some = missing.slice(at, at + AT_ONCE);
    for (const path of some) asked.add(path);
    const found = await call("window.provideFileDecorations", { uris: some }).catch(() => null);
    const next = new Map(marks.value);
    for (const [index, path] of some.entries()) if (asked.delete(path) && found) next.set(path, (found[index] as Mark | null) ?? null);
    marks.value = next;
  }
}

/** What may look other than before is asked for again; until the answer comes it looks as it did. */
async function renew(paths: Set<string> | null): Promise<void> {
  const shown = new Set([...inSight.values()].flat());
  asked.clear(); // answers that are on their way are of before
  if (!paths) marks.value = new Map([...marks.value].filter(([path]) => shown.has(path)));
  const again = [...(paths ?? shown)].filter((path) => shown.has(path));
  if (paths) for (const path of paths) if (!shown.has(path)) marks.value.delete(path);
  for (let at = 0; at < again.length; at += AT_ONCE) {
    const some = again.slice(at, at + AT_ONCE), found = await call("window.provideFileDecorations", { uris: some }).catch(() => null);
    if (found) marks.value = new Map([...marks.value, ...some.map((path, index) => [path, (found[index] as Mark | null) ?? null] as const)]);
  }
  if (!timer) timer = window.setTimeout(ask, 30);
}

opens((whole) => void (whole && renew(null)));
began((link) => {
  link.on("window.onDidChangeFileDecorations", ({ uris }: { uris: string[] | null }) => {
    if (!uris) return void renew(null);
    const paths = new Set<string>();
    for (const uri of uris) for (let path = pathOf(uri); path; path = path.slice(0, path.lastIndexOf("/"))) paths.add(path);
    void renew(paths);
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
