// What extensions show: the pieces of `window.surface`, kept as the host tells.
import { computed, signal } from "@preact/signals";
import { began, call, isVirtual, pathOf } from "./host";
import { openTab } from "./files/texts";
import { reveal } from "./panel";
import { fileOf, go, place, restOf } from "./router";
import type { Piece, WirePosition, WireRange } from "./wire";

export const pieces = signal<Piece[]>([]);
/** What an extension wants looked at in a file, until an editor has shown it. */
export const revealed = signal<{ path: string; selections?: { anchor: WirePosition; active: WirePosition }[]; range?: WireRange; original?: string; editor?: string; tab?: string } | null>(null);
let known = 0;
began((link) => {
  link.onOpen.add((whole) => {
    if (!whole && known) return;
    void call("window.surface", {}).then((all) => {
      known = all.seq;
      pieces.value = all.pieces;
    }).catch(() => {});
  });
  link.on("window.onDidChangeSurface", (data, seq) => {
    if (seq <= known) return;
    const at = pieces.value.findIndex((one) => one.handle === data.handle);
    const rest = pieces.value.filter((_, index) => index !== at);
    if (data.state === null) pieces.value = rest;
    else if (data.state) pieces.value = at < 0 ? [...rest, data] : pieces.value.map((one, index) => (index === at ? data : one));
    else if (at >= 0) pieces.value = pieces.value.map((one, index) => (index === at ? { ...one, state: { ...one.state, ...data.changes } } : one));
  });
  link.on("window.onDidReveal", (data) => {
    if (data.kind === "webview" || data.kind === "view") go("view", data.handle ?? data.viewType);
    else if (data.kind === "terminal") reveal(data.terminalId ?? data.handle, !data.preserveFocus);
    else if (data.kind === "textEditor") follow(data);
  });
});

/** Show what an extension shows. One that leaves the user where they are gets a tab, and no more from any other screen. */
function follow(data: any): void {
  const uri = String(data.uri ?? pieces.value.find((one) => one.handle === data.handle)?.state.uri), path = pathOf(uri);
  if (!uri.startsWith("file:") && !isVirtual(uri)) return;
  const isShown = place.value.screen === "files" && fileOf(place.value.rest) === path;
  if (data.uri && data.preserveFocus && place.value.screen !== "files") return openTab(path);
  if (data.uri || isShown) revealed.value = { path, selections: data.selections, range: data.range, original: data.original, editor: data.handle, tab: pieces.value.find((one) => one.handle === data.handle)?.state.tab };
  if (data.uri && !isShown) go("files", restOf(path));
}
const of = (kind: string) => pieces.value.filter((one) => one.kind === kind);
export const statusItems = computed(() => of("statusBarItem").sort((a, b) => (b.state.priority ?? 0) - (a.state.priority ?? 0)));
export const progresses = computed(() => of("progress"));
export const quickInput = computed(() => pieces.value.find((one) => one.kind === "quickPick" || one.kind === "inputBox") ?? null);
/** What has changed in all repositories, as source controls count it. */
export const changed = computed(() => of("sourceControl").reduce((sum, one) => sum + (one.state.count ?? 0), 0));
