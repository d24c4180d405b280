// Every command by its title: the page's own, then those of extensions.
import { signal } from "@preact/signals";
import { fileShown, uriOf } from "./contexts";
import { askText, Frame, Pick } from "./dialogs";
import { opened } from "./files/searching";
import { side } from "./files/texts";
import { call, notify, relative, tell } from "./host";
import { hintOf } from "./keys";
import { theme } from "./looks";
import { load, offered } from "./menus";
import { reveal, toggle } from "./panel";
import { go, place } from "./router";
import { shownNow } from "./screens";

type Entry = { label: string; description?: string; hint?: string; run: () => unknown };
const shown = signal<Entry[] | null>(null);
const MOST_FILES = 20_000; // as many as the host tells of

const own = (): Entry[] => [
  ...shownNow().map(([name, label, , description], index) => ({ label, description, hint: `Alt ${index + 1}`, run: () => go(name) })),
  { label: "Session: New task", run: () => go("session", "new") },
  { label: "Files: Go to a file…", hint: "Ctrl P", run: () => setTimeout(openFiles) },
  { label: "Files: Search in files", hint: "Ctrl Shift F", run: () => ((side.value = "search"), go("files")) },
  { label: "Files: Replace in files", hint: "Ctrl Shift H", run: openReplace },
  { label: "Files: Restore from the trash…", run: () => void import("./files/trash").then((one) => one.openTrash()) },
  { label: "Files: Empty the trash…", run: () => void import("./files/trash").then((one) => one.emptyTrash()) },
  { label: "Terminal: New", run: () => reveal("new") },
  { label: "Terminal: Show or hide", description: "below what is shown", hint: "Ctrl `", run: () => setTimeout(toggle) },
  { label: "Preview a port…", run: () => void import("./preview").then((one) => one.preview()) },
  { label: "Clone a repository…", run: () => void import("./clone").then((one) => one.clone()) },
  { label: "Look: light", run: () => (theme.value = "light") },
  { label: "Look: dark", run: () => (theme.value = "dark") },
  { label: "Look: as the system", run: () => (theme.value = "system") },
];

export function openPalette(): void {
  const mine = (shown.value = own());
  void theirs().then((more) => shown.value === mine && (shown.value = [...mine, ...more]), () => {}); // else something else is shown by now
}

async function theirs(): Promise<Entry[]> {
  const [ids] = await Promise.all([call("commands.getCommands", {}), load()]), titles = offered();
  return ids.filter((id) => titles.has(id)).map((id) => ({ label: titles.get(id)!, description: id, hint: hintOf(id), run: () => void run(id) }));
}

/** Run a command; where it needs arguments, ask for each by its name. */
export async function run(command: string, given: unknown[] = []): Promise<void> {
  const title = offered().get(command) ?? command, execute = (values: unknown[]) => call("commands.executeCommand", { command, arguments: values });
  const result = await execute(given).catch(async (error) => {
    const values = [...given];
    for (const name of (error.data?.missing as string[] | undefined) ?? []) {
      const given = await askText({ title: `${title}: ${name.replace(/_/g, " ")}`, prompt: "A text, or JSON for anything else", value: /^(uri|file|path|resource)/i.test(name) ? fileShown() : "" });
      if (given === null) return null;
      values.push(valueOf(given));
    }
    if (values.length === given.length) throw error;
    return execute(values);
  }).catch(tell);
  said(result);
}

/** Run a command of a menu on what that menu is of; `selected` are all that are, where the menu tells of them. */
export async function runOn(command: string, path: string, selected?: string[]): Promise<void> {
  said(await call("commands.executeMenuItem", { command, uri: uriOf(path), uris: selected?.map(uriOf) ?? null }).catch(tell));
}

const said = (result: unknown) => result != null && typeof result !== "object" && notify(String(result));

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The search, with what comes in the place of what is found; the file that is shown stays. */
export function openReplace(): void {
  opened.value = { ...opened.value, replace: true };
  side.value = "search";
  go("files", place.value.screen === "files" ? place.value.rest : "");
}

export function openFiles(): void {
  void call("workspace.findFiles", { include: "**/*", maxResults: MOST_FILES }).then((uris) => {
    if (uris.length === MOST_FILES) notify(`These are ${MOST_FILES.toLocaleString("en")} of the files: there are more, which the tree has. The setting files.exclude leaves out what nobody looks for.`);
    shown.value = uris.map((uri) => {
      const path = decodeURIComponent(new URL(uri).pathname), at = path.lastIndexOf("/");
      return { label: path.slice(at + 1), description: relative(path).slice(0, at - path.length).replace(/\/$/, ""), run: () => go("files", path.slice(1)) };
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
