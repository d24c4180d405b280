// What extensions put into menus: commands by place, with their titles, where their `when` holds.
import { signal } from "@preact/signals";
import { opens, rest } from "./host";
import type { IconName } from "./icons";

type Command = { command: string; title: string; category?: string; icon?: string | object };
type Item = { command?: string; group?: string; when?: string };
export type Entry = { command: string; title: string; icon: IconName | null; group: string; isInline: boolean };
const contributed = signal<{ commands: Map<string, Command>; menus: Record<string, Item[]> }>({ commands: new Map(), menus: {} });

const load = () => void rest("GET", "api/v1/extensions").then(({ extensions }) => {
  const commands = new Map<string, Command>(), menus: Record<string, Item[]> = {};
  for (const { disabled, contributes } of extensions) {
    if (disabled) continue;
    for (const one of contributes.commands ?? []) commands.set(one.command, one);
    for (const [place, items] of Object.entries<Item[]>(contributes.menus ?? {})) (menus[place] ??= []).push(...items);
  }
  contributed.value = { commands, menus };
}, () => {});
opens((whole) => whole && load());

export const hasCommand = (id: string) => contributed.value.commands.has(id);

const ICONS: Record<string, IconName> = { add: "plus", remove: "minus", discard: "back", check: "check", refresh: "refresh", "go-to-file": "files", "compare-changes": "changes", sync: "refresh", trash: "trash" };
const iconOf = (icon: unknown): IconName | null => ICONS[/^\$\(([\w-]+)\)$/.exec(String(icon))?.[1] ?? ""] ?? null;

/** The commands of a place, in VS Code's order: by group, then by the number behind its @. */
export function menu(place: string, context: Record<string, unknown>): Entry[] {
  const { commands, menus } = contributed.value, found: [string, number, Entry][] = [];
  for (const { command, group = "", when } of menus[place] ?? []) {
    const about = command && commands.get(command), [name = "", order = "0"] = group.split("@");
    if (!command || !about || !holds(when, context)) continue;
    found.push([name, Number(order), { command, title: about.title, icon: iconOf(about.icon), group: name, isInline: name === "inline" || (name === "navigation" && !!iconOf(about.icon)) }]);
  }
  const rank = (name: string) => (name === "navigation" ? "" : name);
  return found.sort((a, b) => rank(a[0]).localeCompare(rank(b[0])) || a[1] - b[1]).map(([, , entry]) => entry);
}

/** Whether a `when` holds: names, `!`, `==`, `!=`, `&&` and `||`; anything else of VS Code's language does not. */
export function holds(when: string | undefined, context: Record<string, unknown>): boolean {
  if (!when?.trim()) return true;
  return when.split("||").some((all) => all.split("&&").every((one) => {
    const term = /^\s*(!?)\s*([\w.:-]+)\s*(?:(==|!=)\s*'?([^']*?)'?)?\s*$/.exec(one);
    if (!term) return false;
    const [, not, name, sign, value] = term, is = sign ? (String(context[name!] ?? "") === value) === (sign === "==") : !!context[name!];
    return not ? !is : is;
  }));
}
