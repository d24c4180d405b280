// What extensions show in frames and trees. A frame has no origin: it gets messages, and nothing of this page.
import { useEffect, useRef, useState } from "preact/hooks";
import { address, began, call, link, tell } from "./host";
import { Icon } from "./icons";
import { isDark } from "./looks";
import { Menu } from "./menu";
import { hasView, menu } from "./menus";
import { run } from "./palette";
import { go } from "./router";
import { pieces } from "./surface";
import type { Piece } from "./wire";

const frames = new Map<Window, string>();
addEventListener("message", (event) => {
  const handle = event.source ? frames.get(event.source as Window) : undefined;
  if (!handle || !event.data?.webview) return;
  const { webview: kind, value } = event.data;
  if (kind === "message") void call("window.webview.postMessage", { handle, message: value }).catch(tell);
  else if (kind === "state") void call("window.webview.setState", { handle, state: value }).catch(() => {});
  else if (kind === "open" && /^https?:|^mailto:/.test(String(value))) window.open(String(value), "_blank", "noreferrer");
  else if (kind === "ready") look(event.source as Window);
});
const NAMES = ["paper", "panel", "ink", "muted", "line", "accent", "hover", "sans", "mono"];
const VSCODE: Record<string, string> = { "vscode-editor-background": "paper", "vscode-editor-foreground": "ink", "vscode-foreground": "ink", "vscode-sideBar-background": "panel", "vscode-descriptionForeground": "muted", "vscode-button-background": "accent", "vscode-button-foreground": "on-accent", "vscode-input-background": "paper", "vscode-input-foreground": "ink", "vscode-panel-border": "line", "vscode-textLink-foreground": "accent", "vscode-font-family": "sans", "vscode-editor-font-family": "mono" };
function look(to: Window): void {
  const style = getComputedStyle(document.documentElement), value = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const variables = { ...Object.fromEntries(NAMES.map((name) => [name, value(name)])), ...Object.fromEntries(Object.entries(VSCODE).map(([name, ours]) => [name, value(ours)])), "vscode-font-size": "13px" };
  to.postMessage({ webviewStyle: { theme: isDark.value ? "vscode-dark" : "vscode-light", variables } }, "*");
}
isDark.subscribe(() => setTimeout(() => [...frames.keys()].forEach(look)));
began((one) => one.on("window.onDidPostWebviewMessage", ({ handle, message }) => {
  for (const [to, of] of frames) if (of === handle) to.postMessage(message, "*");
}));

let last = "";
export function ViewScreen({ name }: { name: string }) {
  const all = pieces.value.filter((one) => (one.kind === "webview" || one.kind === "treeView") && hasView(one.state.viewId ?? one.state.viewType));
  const shown = all.find((one) => one.handle === name || one.state.viewType === name || one.state.viewId === name) ?? all.find((one) => one.handle === last) ?? all.at(-1);
  last = shown?.handle ?? "";
  const title = (one: Piece) => one.state.title || one.state.viewType || one.state.viewId || one.kind;
  return (
    <div class="split-down">
      <div class="bar"><div class="tabs" role="group" aria-label="Views">{all.map((one) => <span key={one.handle} class="tab"><button aria-current={one === shown} onClick={() => go("view", one.handle)}>{title(one)}</button></span>)}</div></div>
      {!shown && <p class="empty">No extension shows anything.</p>}
      {shown?.kind === "webview" && <FrameOf key={`${shown.handle}/${shown.state.revision}`} piece={shown} />}
      {shown?.kind === "treeView" && <TreeOf key={shown.handle} piece={shown} />}
    </div>
  );
}

function FrameOf({ piece }: { piece: Piece }) {
  const frame = useRef<HTMLIFrameElement>(null), { state, handle } = piece;
  useEffect(() => {
    const inner = frame.current!.contentWindow!;
    frames.set(inner, handle);
    return () => void frames.delete(inner);
  }, []);
  return <iframe ref={frame} class="webview" sandbox={state.scripts ? "allow-scripts allow-forms" : ""} title={state.title || "A view of an extension"} src={address(String(state.path).replace(/^\//, "")).href} />;
}

function TreeOf({ piece }: { piece: Piece }) {
  const { title, message, viewId } = piece.state;
  return (
    <div class="page">
      <header><h2>{title || viewId}</h2><Menu entries={menu("view/title", { view: viewId })} run={(command) => void run(command)} about={title || viewId} /></header>
      {message && <p class="quiet">{message}</p>}
      <Branch handle={piece.handle} view={viewId} />
    </div>
  );
}

function Branch({ handle, view, item }: { handle: string; view: string; item?: string }) {
  const [all, setAll] = useState<any[]>([]), [open, setOpen] = useState<Record<string, boolean>>({});
  useEffect(() => {
    const load = () => void call("window.tree.children", item ? { handle, item } : { handle }).then(setAll).catch(tell);
    load();
    return link.value?.on("window.onDidChangeTreeData", (data) => data.handle === handle && load());
  }, [link.value]);
  return (
    <ul class="branch">{all.map((one) => {
      const id = one.handle ?? one.item, isOpen = open[id] ?? one.collapsibleState === 2;
      const label = one.label?.label ?? one.label, entries = menu("view/item/context", { view, viewItem: one.contextValue });
      return <li key={id}><button class="plain" aria-expanded={one.collapsibleState ? isOpen : undefined} onClick={() => (one.collapsibleState && setOpen({ ...open, [id]: !isOpen }), one.command && void call("window.tree.run", { handle, item: id }).catch(tell))}>
        {one.collapsibleState ? <Icon name="chevron" size={12} /> : null}{label}</button>{one.description && <small>{one.description}</small>}<Menu entries={entries} run={(command) => void call("window.tree.run", { handle, item: id, command }).catch(tell)} about={label} />
        {isOpen && one.collapsibleState ? <Branch handle={handle} view={view} item={id} /> : null}</li>;
    })}</ul>
  );
}
