// What extensions put into menus, the palette and on keys: commands by place, with their titles, where their `when` holds.
import { signal } from "@preact/signals";
import { context, readSettings } from "./contexts";
import { opens, rest } from "./host";
import type { IconName } from "./icons";
import { holds } from "./when";

type Command = { command: string; title: string; category?: string; icon?: string | object; enablement?: string };
type Item = { command?: string; submenu?: string; group?: string; when?: string };
export type Binding = { command: string; key: string; mac?: string; linux?: string; win?: string; when?: string; args?: unknown };
/** A command, or with `entries` a submenu. */
export type Entry = { command: string; title: string; icon: IconName | null; group: string; isInline: boolean; isEnabled: boolean; entries?: Entry[] };
type Submenu = { id: string; label: string; icon?: string | object };
type Contributed = { commands: Map<string, Command>; routes: Set<string>; menus: Record<string, Item[]>; submenus: Map<string, Submenu>; views: Map<string, string>; bindings: Binding[] };
const nothing = (): Contributed => ({ commands: new Map(), routes: new Set(), menus: {}, submenus: new Map(), views: new Map(), bindings: [] });
export const contributed = signal(nothing());

/** Read what the extensions that are not disabled contribute. */
export async function load(): Promise<void> {
  const { extensions } = await rest("GET", "api/v1/extensions");
  const found = nothing();
  for (const { disabled, contributes } of extensions) {
    if (disabled) continue;
    for (const one of contributes.commands ?? []) found.commands.set(one.command, one);
    for (const one of contributes.routes ?? []) found.routes.add(one.command);
    for (const one of contributes.submenus ?? []) found.submenus.set(one.id, one);
    for (const [place, items] of Object.entries<Item[]>(contributes.menus ?? {})) (found.menus[place] ??= []).push(...items);
    for (const one of Object.values<any[]>(contributes.views ?? {}).flat()) if (one.when) found.views.set(one.id, one.when);
    found.bindings.push(...(contributes.keybindings ?? []));
  }
  contributed.value = found;
  if (/config\./.test(JSON.stringify([found.menus, [...found.views], found.bindings, [...found.commands.values()].map((one) => one.enablement)]))) readSettings();
}
opens((whole) => whole && void load().catch(() => {}));

export const hasCommand = (id: string) => contributed.value.commands.has(id);
/** Whether a view is to be seen. */
export const hasView = (id: string | undefined) => holds(contributed.value.views.get(id ?? ""), context());
/** Whether a command can be run now. */
export const isEnabled = (command: string, more?: Record<string, unknown>) => holds(contributed.value.commands.get(command)?.enablement, context(more));

const ICONS: Record<string, IconName> = { add: "plus", remove: "minus", discard: "back", check: "check", refresh: "refresh", "go-to-file": "files", "compare-changes": "changes", sync: "refresh", trash: "trash" };
const iconOf = (icon: unknown): IconName | null => ICONS[/^\$\(([\w-]+)\)$/.exec(String(icon))?.[1] ?? ""] ?? null;

const DEEPEST = 4;
/** The commands of a place, in VS Code's order: by group, then by the number behind its @. `more` are its context keys. */
export function menu(place: string, more: Record<string, unknown>, depth = 0): Entry[] {
  const { commands, menus, submenus } = contributed.value, here = context(more), found: [string, number, Entry][] = [];
  for (const { command, submenu, group = "", when } of menus[place] ?? []) {
    const about = command ? commands.get(command) : submenus.get(submenu ?? ""), [name = "", order = "0"] = group.split("@");
    if (!about || !holds(when, here)) continue;
    const entries = "id" in about ? (depth < DEEPEST ? menu(about.id, more, depth + 1) : []) : undefined;
    if (entries && !entries.some((one) => one.isEnabled)) continue;
    const icon = iconOf(about.icon), isInline = name === "inline" || (name === "navigation" && !!icon), isEnabled = "id" in about || holds(about.enablement, here);
    found.push([name, Number(order), { command: command ?? "", title: "id" in about ? about.label : about.title, icon, group: name, isInline, isEnabled, entries }]);
  }
  const rank = (name: string) => (name === "navigation" ? "" : name);
  return found.sort((a, b) => rank(a[0]).localeCompare(rank(b[0])) || a[1] - b[1]).map(([, , entry]) => entry);
}

/** Titles of the commands that the palette offers now: not those of routes, which need what no palette asks for. */
export function offered(): Map<string, string> {
  const { commands, routes, menus } = contributed.value, here = context(), found = new Map<string, string>();
  for (const { command, title, category, enablement } of commands.values()) {
    const entries = (menus.commandPalette ?? []).filter((one) => one.command === command);
    const isShown = !entries.length || entries.some((one) => holds(one.when, here));
    if (isShown && !routes.has(command) && holds(enablement, here)) found.set(command, category ? `${category}: ${title}` : title);
  }
  return found;
}
