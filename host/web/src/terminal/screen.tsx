// The user's terminals in tabs. They belong to the session: what runs goes on while nobody looks.
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { began, call, tell } from "../host";
import { Icon } from "../icons";
import { close as closePanel, height, highest, isOpen, resize, wanted } from "../panel";
import { go, place } from "../router";
import { takeTyped, waits } from "./ahead";
import { View } from "./view";

const views = signal<View[]>([]), SHOWN = "roost.terminal";
const current = signal<string | null>(sessionStorage.getItem(SHOWN));
current.subscribe((id) => (id ? sessionStorage.setItem(SHOWN, id) : sessionStorage.removeItem(SHOWN)));
const cannot = signal("");
/** Whether the host has told which terminals there are; and whether the one that was asked for last is there, or cannot be. */
const isListed = signal(false), isMet = signal(true);
const STEP = 24;
let begun = false;

function begin(): void {
  if (begun) return;
  begun = true;
  began((one) => {
    const listed = () => void list().then(() => Promise.all(views.value.map((view) => view.ended.value === undefined && view.attach()))).catch(tell);
    one.onOpen.add(listed);
    one.on("terminal.exit", ({ terminalId, exitCode }) => find(terminalId)?.end(exitCode));
    one.on("window.onDidOpenTerminal", () => void list(true).catch(() => {}));
    one.on("window.onDidCloseTerminal", () => void list(true).catch(() => {}));
    if (one.status.value === "connected") listed();
  });
}
const find = (id: string | null) => views.value.find((one) => one.id === id);

async function list(attach = false, shown?: string): Promise<void> {
  const all = await call("terminal.list", {});
  for (const gone of views.value.filter((one) => !all.some((other) => other.terminalId === one.id))) gone.dispose();
  const before = views.value;
  isListed.value = true;
  views.value = all.map((one) => find(one.terminalId) ?? new View(one.terminalId, one.name));
  if (shown && find(shown)) current.value = shown; // before it is attached to: what is typed from now on is for it
  for (const one of all) if (one.exitCode !== undefined && find(one.terminalId)!.ended.value === undefined) void find(one.terminalId)?.attach().then(() => find(one.terminalId)?.end(one.exitCode ?? null));
  if (attach) for (const one of views.value) if (!before.includes(one) && one.ended.value === undefined) await one.attach();
  if (!find(current.value)) current.value = views.value.at(-1)?.id ?? null;
}

async function create(): Promise<void> {
  const { terminalId } = await call("window.createTerminal", {});
  await list(true, terminalId);
}

async function select(id: string): Promise<void> {
  await list(true);
  if (find(id)) current.value = id;
}

/** Have a terminal shown: one by its id, a new one, or any. What was typed for one that cannot be is for no other. */
async function meet(terminal: string): Promise<void> {
  const isThere = terminal === "any" && !!find(current.value);
  isMet.value = isThere;
  cannot.value = "";
  try {
    if (terminal === "new") await create();
    else if (terminal !== "any") await select(terminal);
    else if (await list(true), !views.value.length) await create();
  } catch (error: any) {
    if (isThere) tell(error);
    else (waits.value = false), (cannot.value = error.message);
  }
  isMet.value = true;
}

/** All of a screen where it is `whole`, else the panel below another one. */
export function TerminalScreen({ shown, whole }: { shown: boolean; whole: boolean }) {
  const box = useRef<HTMLDivElement>(null), [finding, setFinding] = useState(false), asked = whole ? place.value.rest : "", want = shown && !whole ? wanted.value : null;
  const focuses = useRef(false); // who only loads the page anew is not taken away from where they are
  useEffect(begin, []);
  useEffect(() => {
    if (asked) void meet(asked).then(() => asked === "new" && go("terminal"));
  }, [asked]);
  const view = find(current.value), isAwaited = waits.value && isMet.value;
  useLayoutEffect(() => {
    if (!want) return;
    wanted.value = null;
    focuses.current = want.focus;
    void meet(want.terminal);
  }, [want]);
  useLayoutEffect(() => {
    if (!shown || !box.current) return;
    if (!view) return box.current.replaceChildren();
    view.show(box.current, !waits.value && (whole || focuses.current));
    const watch = new ResizeObserver(() => view.fit());
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [view, shown, whole]);
  useLayoutEffect(() => {
    if (isAwaited && view && shown) view.type(takeTyped(() => view.xterm.focus()));
  }, [isAwaited, view, shown]);
  const anew = () => ((focuses.current = waits.value = true), void meet("new"));
  const close = async (one: View) => {
    await call("terminal.dispose", { terminalId: one.id }).catch(tell);
    await list(true);
    if (!whole && !views.value.length) closePanel();
  };
  const choose = (one: View) => ((current.value = one.id), one === view && one.xterm.focus(), (focuses.current = true));
  const key = (event: KeyboardEvent) => {
    if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "f") {
      event.preventDefault();
      setFinding(true);
    }
  };
  return (
    <div class="terminals" onKeyDown={key}>
      {!whole && <Edge />}
      <div class="bar">
        <div class="tabs" role="group" aria-label="Terminals">
          {views.value.map((one) => (
            <span key={one.id} class="tab">
              <button aria-current={one === view} onClick={() => choose(one)}>{one.name}{one.ended.value !== undefined && <em> ended</em>}</button>
              <button class="plain" aria-label={`Close ${one.name}`} onClick={() => void close(one)}><Icon name="close" size={12} /></button>
            </span>
          ))}
        </div>
        <button class="plain" aria-label="New terminal" title="New terminal" onClick={anew}><Icon name="plus" /></button>
        <span class="gap" />
        {view && <button class="plain" aria-label="Find in terminal" title="Find (Ctrl+Shift+F)" onClick={() => setFinding(!finding)}><Icon name="search" /></button>}
        {whole ? <button class="plain" aria-label="Show below the editor" title="Show below the editor" onClick={() => ((isOpen.value = true), (wanted.value = { terminal: "any", focus: true }), go("files"))}><Icon name="below" /></button> : (
          <>
            <button class="plain" aria-label="Show the terminals alone" title="Show the terminals alone" onClick={() => go("terminal")}><Icon name="larger" /></button>
            <button class="plain" aria-label="Hide the terminals" title="Hide the terminals (Ctrl+`)" onClick={closePanel}><Icon name="close" /></button>
          </>
        )}
      </div>
      {finding && view && (
        <form class="find" onSubmit={(event) => (event.preventDefault(), view.search.findPrevious((event.currentTarget.elements[0] as HTMLInputElement).value))}>
          <input aria-label="Find in terminal" placeholder="Find above" ref={(one) => one?.focus()} onKeyDown={(event) => event.key === "Escape" && (setFinding(false), view.xterm.focus())} />
          <button>Previous</button>
          <button type="button" onClick={(event) => view.search.findNext((event.currentTarget.form!.elements[0] as HTMLInputElement).value)}>Next</button>
        </form>
      )}
      {cannot.value && <p class="wrong" role="alert">{cannot.value}</p>}
      {!views.value.length && (!isListed.value || !isMet.value) && <p class="empty" role="status">{isMet.value ? "Looking for your terminals…" : "Starting a terminal…"}</p>}
      {!views.value.length && isListed.value && isMet.value && (
        <div class="empty"><h2>No terminal is open</h2><p>A shell of yours, in your workspace. It goes on while this page is closed.</p><button class="primary" onClick={anew}>New terminal</button></div>
      )}
      <div class="xterm-place" ref={box} hidden={!view} />
    </div>
  );
}

/** The upper edge of the panel, which is dragged, or moved by arrows. */
function Edge() {
  const drag = (event: PointerEvent) => {
    const edge = event.currentTarget as HTMLElement, from = event.clientY, before = edge.parentElement!.clientHeight;
    edge.setPointerCapture(event.pointerId);
    edge.onpointermove = (moved) => resize(before + from - moved.clientY);
    edge.onpointerup = edge.onpointercancel = () => (edge.onpointermove = null);
  };
  const key = (event: KeyboardEvent) => {
    const to = { ArrowUp: height.value + STEP, ArrowDown: height.value - STEP, Home: 0, End: highest() }[event.key];
    if (to !== undefined) event.preventDefault(), resize(to);
  };
  return <div class="edge" role="separator" aria-orientation="horizontal" aria-label="Height of the terminals" aria-valuenow={height.value} aria-valuemin={0} aria-valuemax={highest()} tabIndex={0} onPointerDown={drag} onKeyDown={key} />;
}
