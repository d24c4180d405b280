// The commands of a place: as buttons, those that are not in line behind one that lists them, or only as that list.
import { choose } from "./dialogs";
import { Icon } from "./icons";
import type { Entry } from "./menus";

/** Let the user choose what is done with something. */
export async function offer(about: string, all: { title: string; run: () => void }[]): Promise<void> {
  const at = await choose(about, all.map(({ title }) => ({ label: title })));
  if (at !== null) all[at]!.run();
}

export function Menu({ entries, run, about, busy }: { entries: Entry[]; run: (command: string) => void; about: string; busy?: boolean }) {
  const behind = entries.filter((one) => !one.isInline && one.isEnabled);
  const list = () => offer(about, behind.map(({ title, command }) => ({ title, run: () => run(command) })));
  return (
    <>
      {entries.filter((one) => one.isInline).map((one) => (
        <button key={one.command} class="plain" aria-label={`${one.title}: ${about}`} title={one.title} disabled={busy || !one.isEnabled} onClick={() => run(one.command)}>{one.icon ? <Icon name={one.icon} size={14} /> : one.title}</button>
      ))}
      {behind.length > 0 && <button class="plain" aria-label={`More: ${about}`} title="More" onClick={() => void list()}><Icon name="more" size={14} /></button>}
    </>
  );
}
