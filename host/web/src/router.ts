// Where one is: `#/screen/rest`. Relative to wherever the host is mounted.
import { signal } from "@preact/signals";

export type Screen = "session" | "files" | "terminal" | "changes" | "usage" | "settings" | "admin" | "view";
const parse = () => {
  const [, screen = "session", ...rest] = location.hash.slice(1).split("/");
  return { screen: (screen || "session") as Screen, rest: rest.map(decodeURIComponent).join("/") };
};
export const place = signal(parse());
addEventListener("hashchange", () => (place.value = parse()));
export function go(screen: Screen, rest = ""): void {
  const hash = `#/${screen}${rest ? `/${rest.split("/").map(encodeURIComponent).join("/")}` : ""}`;
  if (hash === location.hash) place.value = parse(); // once more to the same place
  else location.hash = hash;
}
