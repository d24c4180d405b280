// Every command by its title: the page's own, then those of extensions.
import { signal } from "@preact/signals";
import { askText, Frame, Pick } from "./dialogs";
import { call, isAdmin, notify, rest, tell } from "./host";
import { theme } from "./looks";
import { go, place } from "./router";

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
  const titles = new Map<string, string>(), left = new Set<string>();
  for (const { disabled, contributes } of extensions) {
    for (const one of contributes.routes ?? []) left.add(one.command); // REST: they need what no palette asks for
    for (const one of contributes.menus?.commandPalette ?? []) if (one.when === "false") left.add(one.command);
    for (const one of disabled ? [] : contributes.commands ?? []) titles.set(one.command, one.category ? `${one.category}: ${one.title}` : one.title);
  }
  return ids.filter((id) => titles.has(id) && !left.has(id)).map((id) => ({ label: titles.get(id)!, description: id, run: () => run(id, titles.get(id)!).catch(tell) }));
}

/** Run a command; where it needs arguments, ask for each by its name. */
async function run(command: string, title: string): Promise<void> {
  const execute = (values: unknown[]) => call("commands.executeCommand", { command, arguments: values });
  const result = await execute([]).catch(async (error) => {
    const values: unknown[] = [];
    for (const name of (error.data?.missing as string[] | undefined) ?? []) {
      const given = await askText({ title: `${title}: ${name.replace(/_/g, " ")}`, prompt: "A text, or JSON for anything else", value: /^(uri|file|path|resource)/i.test(name) ? fileShown() : "" });
      if (given === null) return null;
      values.push(valueOf(given));
    }
    if (!values.length) throw error;
    return execute(values);
  });
  if (result != null && typeof result !== "object") notify(String(result));
}

const fileShown = () => (place.value.screen === "files" && place.value.rest ? `/${place.value.rest.replace(/(:\d+){1,2}$/, "")}` : "");
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
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
