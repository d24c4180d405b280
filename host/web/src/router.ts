// Where one is: `#/screen/rest`. Relative to wherever the host is mounted.
import { signal } from "@preact/signals";
import { isVirtual } from "./host";

const SCREENS = ["session", "files", "terminal", "changes", "usage", "settings", "admin", "view"] as const;
export type Screen = (typeof SCREENS)[number];
const parse = () => {
  const [, name, ...rest] = location.hash.slice(1).split("/"), screen = SCREENS.find((one) => one === name);
  return screen ? { screen, rest: rest.map(decodeURIComponent).join("/") } : { screen: SCREENS[0], rest: "" };
};
export const place = signal(parse());
addEventListener("hashchange", () => (place.value = parse()));
/** The file that `rest` of the screen of files names, without the line that it may end with; or the URI of what is none. */
export const fileOf = (rest: string) => (!rest || isVirtual(rest) ? rest : `/${rest.replace(/(:\d+){1,2}$/, "")}`);
export const restOf = (file: string) => (isVirtual(file) ? file : file.slice(1));
export function go(screen: Screen, rest = ""): void {
  const hash = `#/${screen}${rest ? `/${rest.split("/").map(encodeURIComponent).join("/")}` : ""}`;
  if (hash === location.hash) place.value = parse(); // once more to the same place
  else location.hash = hash;
}
