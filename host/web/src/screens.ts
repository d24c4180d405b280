// The screens, in the order of their keys, and when each is there.
import { isAdmin } from "./host";
import { hasView } from "./menus";
import type { Screen } from "./router";
import { pieces } from "./surface";

export const SCREENS: [Screen, string, () => boolean, string][] = [
  ["session", "Session", () => true, "talk to the agent"],
  ["files", "Files", () => true, "tree, editor, search"],
  ["terminal", "Terminal", () => true, ""],
  ["changes", "Source control", () => true, "what changed, commit"],
  ["view", "Views", () => pieces.value.some((one) => (one.kind === "webview" || one.kind === "treeView") && hasView(one.state.viewId ?? one.state.viewType)), "what extensions show"],
  ["usage", "Usage", () => true, "what it cost"],
  ["settings", "Settings", () => true, "keys, what needs no asking"],
  ["admin", "Admin", () => isAdmin.value, ""],
];
export const shownNow = () => SCREENS.filter(([, , isThere]) => isThere());
