// Every command by its title: the page's own, then those of extensions.
import { signal } from "@preact/signals";
import { call, isAdmin, notify, rest, tell } from "./host";
import { Frame, Pick } from "./dialogs";
import { theme } from "./looks";
import { go } from "./router";

type Entry = { label: string; description?: string; hint?: string; run: () => unknown };
const shown = signal<Entry[] | null>(null);

const own = (): Entry[] => [
  { label: "Session", description: "talk to the agent", hint: "Alt 1", run: () => go("session") },
  { label: "Session: New task", run: () => go("session", "new") },
  { label: "Files", description: "tree, editor, search", hint: "Alt 2", run: () => go("files") },
  { label: "Files: Go to a file…", run: () => setTimeout(openFiles) },
  { label: "Terminal", hint: "Alt 3", run: () => go("terminal") },
  { label: "Terminal: New", run: () => go("terminal", "new") },
  { label: "Usage", description: "what it cost", run: () => go("usage") },
  { label: "Settings", run: () => go("settings") },
  { label: "Preview a port…", run: () => void import("./preview").then((one) => one.preview()) },
  { label: "Clone a repository…", run: () => void import("./clone").then((one) => one.clone()) },
  { label: "Look: light", run: () => (theme.value = "light") },
  { label: "Look: dark", run: () => (theme.value = "dark") },
  { label: "Look: as the system", run: () => (theme.value = "system") },
  ...(isAdmin.value ? [{ label: "Admin", run: () => go("admin") }] : []),
];

export function openPalette(): void {
  const mine = (shown.value = own());
  void theirs().then((more) => shown.value === mine && (shown.value = [...mine, ...more]), () => {}); // else something else is shown by now
}

async function theirs(): Promise<Entry[]> {
  const [ids, { extensions }] = await Promise.all([call("commands.getCommands", {}), rest("GET", "api/v1/extensions")]);
  const titles = new Map<string, string>();
  const api = new Set(extensions.flatMap((one: any) => (one.contributes.routes ?? []).map((route: any) => route.command))); // REST: they need what no palette asks for
  for (const one of extensions) for (const command of one.contributes.commands ?? []) titles.set(command.command, command.category ? `${command.category}: ${command.title}` : command.title);
  return ids.filter((id) => titles.has(id) && !api.has(id)).map((id) => ({
    label: titles.get(id)!, description: id,
    run: () => call("commands.executeCommand", { command: id }).then((result) => result != null && typeof result !== "object" && notify(String(result)), tell),
  }));
}

export function openFiles(): void {
  void call("workspace.findFiles", { include: "**/*", maxResults: 5000 }).then((uris) => {
    shown.value = uris.map((uri) => {
      const path = decodeURIComponent(new URL(uri).pathname), at = path.lastIndexOf("/");
      return { label: path.slice(at + 1), description: path.slice(0, at), run: () => go("files", path.slice(1)) };
    });
  }, tell);
}

export function Palette() {
  const entries = shown.value;
  if (!entries) return null;
  return (
    <Frame label="Commands" close={() => (shown.value = null)}>
      <Pick items={entries} placeholder="Type a command or a place" done={([at]) => ((shown.value = null), entries[at!]!.run())} />
    </Frame>
  );
}
