// Keys that extensions bind to commands, in VS Code's words: the last one of a key whose `when` holds is meant.
import { signal } from "@preact/signals";
import { context } from "./contexts";
import { contributed, isEnabled, type Binding } from "./menus";
import { holds } from "./when";

const WAIT_MS = 5_000;
const system = /mac|iphone|ipad/i.test(navigator.platform) ? "mac" : /win/i.test(navigator.platform) ? "win" : "linux";
const MODIFIERS = ["ctrl", "shift", "alt", "meta"], ALIASES: Record<string, string> = { cmd: "meta", win: "meta", esc: "escape" };
const CODES: Record<string, string> = { Backquote: "`", Minus: "-", Equal: "=", BracketLeft: "[", BracketRight: "]", Backslash: "\\", Semicolon: ";", Quote: "'", Comma: ",", Period: ".", Slash: "/", Space: "space" };

/** The first keys of two, while the second is waited for. */
export const begun = signal("");
let over = 0;

const ordered = (parts: string[]) => [...MODIFIERS.filter((one) => parts.includes(one)), ...parts.filter((one) => !MODIFIERS.includes(one))].join("+");
const stroke = (text: string) => ordered(text.split("+").map((one) => ALIASES[one] ?? one));
const keysOf = (one: Binding) => (one[system] ?? one.key).toLowerCase().trim().split(/\s+/).map(stroke).join(" ");

/** What was pressed: letters as they are written on the keys, signs and digits by their place on an English keyboard. */
function pressedOf(event: KeyboardEvent): string {
  const key = event.key.toLowerCase(), digit = /^Digit(\d)$/.exec(event.code)?.[1], pad = /^Numpad(\d)$/.exec(event.code)?.[1];
  const name = /^[a-z]$/.test(key) ? key : digit ?? (pad ? `numpad${pad}` : CODES[event.code] ?? (/^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : key.replace(/^arrow/, "")));
  return ordered([event.ctrlKey && "ctrl", event.shiftKey && "shift", event.altKey && "alt", event.metaKey && "meta", name].filter((one) => one !== false));
}

/** The command that keys are for; null where they are not, and "" where they only begin with these. */
export function commandOf(event: KeyboardEvent): Binding | "" | null {
  if (/^(control|shift|alt|meta|altgraph|dead)$/i.test(event.key) || event.isComposing || !contributed.value.bindings.length || document.querySelector("dialog[open]")) return null;
  const pressed = [begun.value, pressedOf(event)].filter(Boolean).join(" "), here = context(), wasBegun = !!begun.value;
  const isMeant = (one: Binding) => {
    const keys = keysOf(one);
    if (keys !== pressed && !keys.startsWith(`${pressed} `)) return false;
    if (here("terminalFocus") && !/terminal/i.test(one.when ?? "")) return false; // it is the shell's
    return holds(one.when, here) && isEnabled(one.command);
  };
  const found = contributed.value.bindings.filter(isMeant).at(-1);
  wait(found && keysOf(found) !== pressed ? pressed : "");
  return found ? (begun.value ? "" : found) : wasBegun ? "" : null;
}

function wait(keys: string): void {
  clearTimeout(over);
  begun.value = keys;
  if (keys) over = window.setTimeout(() => (begun.value = ""), WAIT_MS);
}

/** Whether a key that counts now begins with this stroke and needs a second one. */
export const isChord = (begin: string) => contributed.value.bindings.some((one) => keysOf(one).startsWith(`${begin} `) && holds(one.when, context()) && isEnabled(one.command));

const shown = (keys: string) => keys.split(" ").map((one) => one.split("+").map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join(" ")).join(", ");
/** How a command is reached by keys, to be read. */
export function hintOf(command: string): string | undefined {
  const found = contributed.value.bindings.filter((one) => one.command === command).at(-1);
  return found && shown(keysOf(found));
}
export const begunShown = () => shown(begun.value);
