// The panel below the screens, with the terminals: whether it is there, how high, and which terminal is asked for.
import { effect, signal } from "@preact/signals";
import { go, place } from "./router";
import { waits } from "./terminal/ahead";

const KEPT = "roost.panel", LOWEST = 110, ABOVE = 120;
const kept = remembered();
export const isOpen = signal<boolean>(kept.open);
/** Of pixels; what stands above keeps some, however small the window is. */
export const height = signal<number>(kept.height);
/** What is to be shown: a terminal by its id, a new one, or any; `focus` is where keys go from then on. */
export const wanted = signal<{ terminal: string | "new" | "any"; focus: boolean } | null>(null);
effect(() => localStorage.setItem(KEPT, JSON.stringify({ open: isOpen.value, height: height.value })));

function remembered(): { open: boolean; height: number } {
  try {
    const { open, height } = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    return { open: open === true, height: Number.isFinite(height) ? height : 260 };
  } catch {
    return { open: false, height: 260 };
  }
}

export const highest = () => Math.max(LOWEST, (document.getElementById("main")?.clientHeight ?? innerHeight) - ABOVE);
export const resize = (to: number) => (height.value = Math.round(Math.max(LOWEST, Math.min(highest(), to))));
const isNarrow = () => matchMedia("(max-width: 760px)").matches;

/** Show a terminal below what is seen now; all over where there is no room for both. */
export function reveal(terminal: string, focus = true): void {
  if (place.value.screen === "terminal" || isNarrow()) return go("terminal", terminal === "any" ? "" : terminal);
  ask(terminal, focus);
}

function ask(terminal: string, focus: boolean): void {
  isOpen.value = true;
  wanted.value = { terminal, focus };
  if (focus) waits.value = true;
}

/** As in VS Code: open it, go there, or close it where one is there already. */
export function toggle(): void {
  const isThere = !!document.activeElement?.closest(".panel");
  if (place.value.screen === "terminal") history.back();
  else if (isOpen.value && isThere) close();
  else ask("any", true);
}

export function close(): void {
  isOpen.value = waits.value = false;
  (document.querySelector<HTMLElement>(".place .cm-content") ?? document.getElementById("main"))?.focus();
}
