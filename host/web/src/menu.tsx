// The commands of a place: as buttons, those that are not in line behind one that lists them, or only as that list.
import { choose } from "./dialogs";
import { Icon } from "./icons";
import type { Entry } from "./menus";

/** Let the user choose what is done with something. */
export async function offer(about: string, all: { title: string; run: () => void }[]): Promise<void> {
  const at = await choose(about, all.map(({ title }) => ({ label: title })));
  if (at !== null) all[at]!.run();
}

/** What can be chosen of a menu's entries now; one with further ones offers these. */
export const choices = (entries: Entry[], run: (command: string) => void): { title: string; run: () => void }[] =>
  entries.filter((one) => one.isEnabled).map((one) => ({ title: one.entries ? `${one.title}…` : one.title, run: () => chosen(one, run) }));
const chosen = ({ title, command, entries }: Entry, run: (command: string) => void) => (entries ? void offer(title, choices(entries, run)) : run(command));

export function Menu({ entries, run, about, busy }: { entries: Entry[]; run: (command: string) => void; about: string; busy?: boolean }) {
  const behind = choices(entries.filter((one) => !one.isInline), run);
  return (
    <>
      {entries.filter((one) => one.isInline).map((one) => (
        <button key={one.command || one.title} class="plain" aria-label={`${one.title}: ${about}`} title={one.title} disabled={busy || !one.isEnabled} onClick={() => chosen(one, run)}>{one.icon ? <Icon name={one.icon} size={14} /> : one.title}</button>
      ))}
      {behind.length > 0 && <button class="plain" aria-label={`More: ${about}`} title="More" onClick={() => void offer(about, behind)}><Icon name="more" size={14} /></button>}
    </>
  );
}
