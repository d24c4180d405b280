// What extensions show: the pieces of `window.surface`, kept as the host tells.
import { computed, signal } from "@preact/signals";
import { began, call, pathOf } from "./host";
import { go } from "./router";
import type { Piece } from "./wire";

export const pieces = signal<Piece[]>([]);
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
    else if (data.kind === "terminal") go("terminal", data.terminalId ?? data.handle);
  });
  link.on("window.onDidShowTextDocument", (data) => data.uri && go("files", pathOf(data.uri)));
});
const of = (kind: string) => pieces.value.filter((one) => one.kind === kind);
export const statusItems = computed(() => of("statusBarItem").sort((a, b) => (b.state.priority ?? 0) - (a.state.priority ?? 0)));
export const progresses = computed(() => of("progress"));
export const quickInput = computed(() => pieces.value.find((one) => one.kind === "quickPick" || one.kind === "inputBox") ?? null);
/** What has changed in all repositories, as source controls count it. */
export const changed = computed(() => of("sourceControl").reduce((sum, one) => sum + (one.state.count ?? 0), 0));
