// Light or dark: the system's choice unless the user has one.
import { computed, effect, signal } from "@preact/signals";
import { began, call } from "./host";

export type Theme = "system" | "light" | "dark";
const system = matchMedia("(prefers-color-scheme: dark)"), systemDark = signal(system.matches);
system.addEventListener("change", () => (systemDark.value = system.matches));
export const theme = signal<Theme>((localStorage.getItem("roost.theme") as Theme) ?? "system");
export const isDark = computed(() => theme.value === "dark" || (theme.value === "system" && systemDark.value));
effect(() => {
  localStorage.setItem("roost.theme", theme.value);
  document.documentElement.dataset.theme = isDark.value ? "dark" : "light";
});
const say = () => void call("window.changeColorTheme", { kind: isDark.value ? 2 : 1 }).catch(() => {});
const sayFocus = () => void call("window.changeState", { focused: document.hasFocus() }).catch(() => {});
began((link) => {
  link.onOpen.add(say);
  link.onOpen.add(sayFocus);
  isDark.subscribe(() => link.status.value === "connected" && say());
  for (const kind of ["focus", "blur"]) addEventListener(kind, () => link.status.value === "connected" && sayFocus());
});
export const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
