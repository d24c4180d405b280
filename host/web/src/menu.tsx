// The commands of a place as buttons, and those that are not in line behind one that lists them.
import { choose } from "./dialogs";
import { Icon } from "./icons";
import type { Entry } from "./menus";

export function Menu({ entries, run, about, busy }: { entries: Entry[]; run: (command: string) => void; about: string; busy?: boolean }) {
  const behind = entries.filter((one) => !one.isInline && one.isEnabled);
  const list = async () => {
    const at = await choose(about, behind.map((one) => ({ label: one.title })));
    if (at !== null) run(behind[at]!.command);
  };
  return (
    <>
      {entries.filter((one) => one.isInline).map((one) => (
        <button key={one.command} class="plain" aria-label={`${one.title}: ${about}`} title={one.title} disabled={busy || !one.isEnabled} onClick={() => run(one.command)}>{one.icon ? <Icon name={one.icon} size={14} /> : one.title}</button>
      ))}
      {behind.length > 0 && <button class="plain" aria-label={`More: ${about}`} title="More" onClick={() => void list()}><Icon name="more" size={14} /></button>}
    </>
  );
}
