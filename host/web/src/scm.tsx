// Source control, as the extension that has it says: changed files in groups, a message, and what menus do with them.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { classOf, Letter, marks, want } from "./files/marks";
import { call, nameOf, notify, pathOf, relative, tell, workspace } from "./host";
import { Icon } from "./icons";
import { Menu } from "./menu";
import { hasCommand, menu } from "./menus";
import { go } from "./router";
import { Shown } from "./session/diff";
import { pieces } from "./surface";
import type { Piece } from "./wire";

const AT_ONCE = 300;
const busy = signal(""), open = signal<{ group: string; path: string; staged: boolean } | null>(null);

/** Do something that takes its time; another click meanwhile does nothing. */
async function work(name: string, done: () => Promise<unknown>): Promise<void> {
  if (busy.value) return;
  busy.value = name;
  await done().catch(tell);
  busy.value = "";
}
const run = (command: string, handle: string, uris?: string[]) => work(command, () => call("scm.runCommand", uris ? { handle, command, uris } : { handle, command }));

export function ScmScreen() {
  const controls = pieces.value.filter((one) => one.kind === "sourceControl");
  const paths = pieces.value.flatMap((one) => (one.kind === "sourceControlResourceGroup" ? pathsOf(one).slice(0, AT_ONCE) : []));
  useEffect(() => want("changes", paths), [paths.join("\n")]);
  useEffect(() => () => want("changes", []), []);
  return (
    <div class="scm">
      <aside class="side" aria-label="Changes">
        <div class="bar"><h1>Source control</h1><span class="gap" />{busy.value && <span class="activity" role="status"><i class="spin" /><span class="unseen">working</span></span>}</div>
        {!controls.length && <Nothing />}
        {controls.map((one) => <Control key={one.handle} control={one} />)}
      </aside>
      <section class={`pane ${open.value ? "on" : ""}`} aria-label="What has changed">{open.value ? <Difference key={JSON.stringify(open.value)} {...open.value} /> : controls.length > 0 && <div class="empty"><p>Choose a changed file to see what is other.</p></div>}</section>
    </div>
  );
}

function Nothing() {
  const begin = () => work("git.init", () => call("commands.executeCommand", { command: "git.init" }));
  return (
    <div class="empty">
      <p>No repository is open in the workspace.</p>
      <div class="buttons">
        <button class="primary" onClick={() => void import("./clone").then((one) => one.clone())}>Clone a repository…</button>
        {hasCommand("git.init") && <button disabled={!!busy.value} onClick={() => void begin()}>Initialize here</button>}
      </div>
    </div>
  );
}

const pathOfResource = (resource: any) => pathOf(String(resource.resourceUri)).replace(/(?<=.)\/$/, ""); // a folder may say that it is one
const pathsOf = (group: Piece): string[] => (group.state.resourceStates ?? []).map(pathOfResource);

function Control({ control }: { control: Piece }) {
  const { state, handle } = control, of = (kind: string) => pieces.value.filter((one) => one.kind === kind && one.state.sourceControl === handle);
  const box = of("sourceControlInputBox")[0], field = useRef<HTMLTextAreaElement>(null), [wrong, setWrong] = useState("");
  useEffect(() => {
    if (field.current && (document.activeElement !== field.current || !box?.state.value)) field.current.value = box?.state.value ?? "";
  }, [box?.state.value]);
  const typed = async (value: string) => {
    const found: any = await call("scm.setInput", { handle: box!.handle, value }).catch(() => null);
    setWrong(typeof found === "string" ? found : found?.message ?? "");
  };
  const accept = () => work("accept", async () => {
    await call("scm.setInput", { handle: box!.handle, value: field.current?.value ?? "" });
    await call("scm.acceptInput", { handle });
  });
  const root = state.rootUri ? pathOf(state.rootUri) : "", groups = of("sourceControlResourceGroup").filter((one) => !one.state.hideWhenEmpty || one.state.count);
  return (
    <section class="control" aria-label={`${state.label}: ${nameOf(root) || "workspace"}`}>
      <header>
        <h2 title={root}>{nameOf(root) || state.label} <small>{state.label}</small></h2>
        <Menu entries={menu("scm/title", { scmProvider: state.id })} run={(command) => void run(command, handle)} about={nameOf(root) || state.label} busy={!!busy.value} />
      </header>
      <div class="heads">
        {(state.statusBarCommands ?? []).map((one: any, index: number) => (
          <button key={one.command} class="plain" title={one.tooltip ?? undefined} disabled={!!busy.value} onClick={() => void run(one.command, handle)}>{index === 0 && <Icon name="branch" size={13} />}{plain(one.title)}</button>
        ))}
      </div>
      {box && box.state.visible !== false && (
        <form onSubmit={(event) => (event.preventDefault(), void accept())}>
          <textarea ref={field} rows={2} aria-label="Message" placeholder={box.state.placeholder} disabled={!box.state.enabled} onInput={(event) => void typed(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && (event.preventDefault(), void accept())} />
          {wrong && <p class="wrong" role="alert">{wrong}</p>}
          {state.acceptInputCommand && <button class="primary" disabled={!!busy.value} title="Ctrl Enter">{plain(state.acceptInputCommand.title) || "Commit"}</button>}
        </form>
      )}
      {groups.map((group) => <Group key={group.handle} control={control} group={group} />)}
      {!groups.some((one) => one.state.count) && <p class="quiet">Nothing has changed.</p>}
    </section>
  );
}

const plain = (text: unknown) => String(text ?? "").replace(/\$\([\w~-]+\)\s?/g, "");

function Group({ control, group }: { control: Piece; group: Piece }) {
  const [isOpen, setOpen] = useState(true), [shown, setShown] = useState(AT_ONCE), { state, handle } = group;
  const context = { scmProvider: control.state.id, scmResourceGroup: state.id, scmResourceGroupState: state.contextValue };
  const all: any[] = state.resourceStates ?? [], more = state.count - Math.min(all.length, shown);
  return (
    <section class="group" aria-label={state.label}>
      <header>
        <h3><button class="plain" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}><Icon name="chevron" size={12} />{state.label} <small>{state.count}</small></button></h3>
        <Menu entries={menu("scm/resourceGroup/context", context)} run={(command) => void run(command, handle)} about={state.label} busy={!!busy.value} />
      </header>
      {isOpen && <ul>{all.slice(0, shown).map((one) => <Resource key={String(one.resourceUri)} control={control} group={group} resource={one} context={context} />)}</ul>}
      {isOpen && more > 0 && (shown < all.length ? <button onClick={() => setShown(shown + AT_ONCE)}>{more} more…</button> : <p class="quiet">{more} more, which are not shown.</p>)}
    </section>
  );
}

function Resource({ control, group, resource, context }: { control: Piece; group: Piece; resource: any; context: Record<string, unknown> }) {
  const uri = String(resource.resourceUri), path = pathOfResource(resource), mark = marks.value.get(path), at = open.value?.group === group.handle && open.value.path === path;
  const folder = path.slice(0, path.lastIndexOf("/")), where = folder === workspace.value ? "" : relative(folder);
  const choose = () => {
    if (control.state.id === "git" && hasCommand("git.diff")) open.value = { group: group.handle, path, staged: group.state.id === "index" };
    else {
      const index = (group.state.resourceStates as any[]).indexOf(resource);
      if (resource.command) void call("scm.openResource", { handle: group.handle, index }).catch(tell);
      else go("files", path.slice(1));
    }
  };
  return (
    <li class={`resource ${resource.decorations?.strikeThrough ? "gone" : ""} ${at ? "at" : ""}`}>
      <button class="plain name" aria-current={at || undefined} title={[path, resource.decorations?.tooltip].filter(Boolean).join(" • ")} onClick={choose}>
        <span class={classOf(mark)}>{nameOf(path)}</span>{where && <small>{where}</small>}
      </button>
      <Menu entries={menu("scm/resourceState/context", { ...context, scmResourceState: resource.contextValue })} run={(command) => void run(command, group.handle, [uri])} about={nameOf(path)} busy={!!busy.value} />
      <span class={classOf(mark)}><Letter mark={mark} /></span>
    </li>
  );
}

/** What is other in a file, as git says it; again when the group changes. */
function Difference({ group, path, staged }: { group: string; path: string; staged: boolean }) {
  const [text, setText] = useState<string | null>(null), piece = pieces.value.find((one) => one.handle === group);
  const isThere = !!piece && pathsOf(piece).includes(path);
  useEffect(() => {
    if (!isThere) return void (open.value = null);
    let gone = false;
    call("commands.executeCommand", { command: "git.diff", arguments: [path, staged] }).then((found) => !gone && setText(String(found ?? "")), (error) => !gone && (setText(""), notify(error.message, "error")));
    return () => void (gone = true);
  }, [isThere, piece?.state.resourceStates]);
  return (
    <>
      <div class="bar"><b>{nameOf(path)}</b> <small>{staged ? "staged" : "not staged"}</small><span class="gap" />
        {hasCommand("git.openChange") && <button class="plain" onClick={() => void work("git.openChange", () => call("commands.executeCommand", { command: "git.openChange", arguments: [path, staged] }))}>Open changes</button>}
        <button class="plain" onClick={() => go("files", path.slice(1))}>Open file</button>
        <button class="plain" aria-label="Close the difference" onClick={() => (open.value = null)}><Icon name="close" size={14} /></button></div>
      {text === null ? <div class="loading" aria-busy="true" /> : text ? <Shown text={text} /> : <div class="empty"><p>Git shows no text of this change.</p></div>}
    </>
  );
}
