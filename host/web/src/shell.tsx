// The frame around all screens: rail, what is shown, status line, and what lies above.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { context } from "./contexts";
import { Dialogs } from "./dialogs";
import { side, type Side } from "./files/texts";
import { about, dismiss, isAdmin, link, logOut, me, notices, wantsLogin } from "./host";
import { Icon, type IconName } from "./icons";
import { begun, begunShown, commandOf, isChord } from "./keys";
import { lazy } from "./lazy";
import { Login } from "./login";
import { isDark, theme } from "./looks";
import { Palette, openFiles, openPalette, openReplace, run } from "./palette";
import { height, isOpen, toggle } from "./panel";
import { go, place } from "./router";
import { SCREENS, shownNow } from "./screens";
import { SessionScreen } from "./session/screen";
import { running, waiting } from "./session/store";
import { changed, statusItems, progresses } from "./surface";
import { Ahead } from "./terminal/ahead";
import { call } from "./host";

const Files = lazy(() => import("./files/screen").then((one) => one.FilesScreen));
const Terminals = lazy(() => import("./terminal/screen").then((one) => one.TerminalScreen));
const Usage = lazy(() => import("./usage").then((one) => one.UsageScreen));
const Settings = lazy(() => import("./settings").then((one) => one.SettingsScreen));
const Admin = lazy(() => import("./admin").then((one) => one.AdminScreen));
const Changes = lazy(() => import("./scm").then((one) => one.ScmScreen));
const Views = lazy(() => import("./views").then((one) => one.ViewScreen));

/** The page's own keys. In a terminal those are the shell's that it needs itself, such as Ctrl K and Ctrl P. */
function ownOf(event: KeyboardEvent): (() => void) | undefined {
  const ctrl = event.ctrlKey || event.metaKey, key = event.key.toLowerCase(), inTerminal = event.ctrlKey && !!context()("terminalFocus");
  if (event.altKey) return ctrl || event.shiftKey ? undefined : shownNow().map(([name]) => () => go(name))[Number(event.key) - 1];
  if (document.querySelector("dialog[open]")) return undefined;
  if (!ctrl) return key === "f1" && !event.shiftKey && !context()("terminalFocus") ? openPalette : undefined;
  if (event.code === "Backquote") return toggle;
  if (event.shiftKey) return key === "p" ? openPalette : key === "e" ? () => see("tree") : key === "g" ? () => go("changes") : inTerminal ? undefined : key === "f" ? () => see("search") : key === "h" ? openReplace : undefined;
  return inTerminal ? undefined : key === "k" ? openPalette : key === "p" ? openFiles : undefined;
}
/** Whether an extension may go on from this key: `ctrl+k ctrl+c` begins as the palette's. */
const leadsOn = (event: KeyboardEvent) => event.ctrlKey && event.key.toLowerCase() === "k" && isChord("ctrl+k");
const see = (one: Side) => ((side.value = one), go("files", place.value.screen === "files" ? place.value.rest : ""));

export function Shell() {
  useEffect(() => {
    const heard = (event: KeyboardEvent) => {
      const act = ownOf(event), bound = act && !begun.value && !leadsOn(event) ? null : commandOf(event);
      if (bound === null && !act) return;
      event.preventDefault();
      if (bound === null) return act!();
      event.stopPropagation();
      if (bound) void run(bound.command, bound.args === undefined || bound.args === null ? [] : [bound.args]);
    };
    addEventListener("keydown", heard, true);
    return () => removeEventListener("keydown", heard, true);
  }, []);
  if (wantsLogin.value) return <Login />;
  const { screen, rest } = place.value;
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById("main")?.focus())}>Skip to the content</a>
      <nav class="rail" aria-label="Screens">
        {shownNow().map(([name, title], index) => (
          <a key={name} href={`#/${name}`} aria-current={screen === name ? "page" : undefined} title={`${title} (Alt+${index + 1})`}>
            <Icon name={name as IconName} size={20} />
            <span>{title}</span>
            {name === "changes" && changed.value > 0 && <b class="badge quiet" aria-label={`${changed.value} changes`}>{changed.value > 99 ? "99+" : changed.value}</b>}
            {name === "session" && waiting.value.length > 0 && <b class="badge" aria-label={`${waiting.value.length} approvals wait`}>{waiting.value.length}</b>}
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1} class={`screen ${screen}`} aria-label={SCREENS.find(([name]) => name === screen)?.[1]}>
        <div class="place" hidden={screen === "terminal"}>
        {screen === "session" && <SessionScreen taskId={rest} />}
        {screen === "files" && <Files path={rest} />}
        {screen === "usage" && <Usage />}
        {screen === "settings" && <Settings />}
        {screen === "admin" && <Admin />}
        {screen === "changes" && <Changes />}
        {screen === "view" && <Views name={rest} />}
        </div>
        {kept.value || isOpen.value || screen === "terminal" ? <Kept whole={screen === "terminal"} /> : null}
      </main>
      <StatusLine />
      <Dialogs />
      <Palette />
      <Works />
      <div class="notices" role="status" aria-live="polite">
        {notices.value.map((one) => (
          <div key={one.id} class={`notice ${one.severity}`}>
            <span>{one.text}</span>
            {one.act && <button onClick={() => (dismiss(one.id), one.act!.run())}>{one.act.title}</button>}
            <button class="plain" aria-label="Dismiss" onClick={() => dismiss(one.id)}><Icon name="close" size={14} /></button>
          </div>
        ))}
      </div>
    </div>
  );
}

/** Terminals stay as they are while another screen is shown, above them or in their place. */
const kept = signal(false);
function Kept({ whole }: { whole: boolean }) {
  useEffect(() => void (kept.value = true), []);
  const shown = whole || isOpen.value;
  return <section class={whole ? "kept" : "kept panel"} aria-label="Terminals" hidden={!shown} style={whole ? undefined : { height: `${height.value}px` }}><Terminals shown={shown} whole={whole} /><Ahead /></section>;
}

/** Works that an extension wants noticed: how far they are, and a way to stop them. */
const NOTIFICATION = 15;
function Works() {
  const all = progresses.value.filter((one) => one.state.location === NOTIFICATION);
  return (
    <div class="works">
      {all.map(({ handle, state }) => (
        <section key={handle} class="work-on" aria-label={state.title || "Working"}>
          <p><span>{state.title || "Working"}</span>{state.cancellable && <button onClick={() => void call("window.cancelProgress", { handle }).catch(() => {})}>Cancel</button>}</p>
          <progress aria-label={state.title || "Working"} max={100} value={state.percent ?? undefined} />
          {state.message && <small>{state.message}</small>}
        </section>
      ))}
    </div>
  );
}

function StatusLine() {
  const now = link.value, status = now?.status.value ?? "connecting", caught = now?.caughtUp.value ?? 0;
  useEffect(() => {
    if (!caught || !now) return;
    const timer = setTimeout(() => (now.caughtUp.value = 0), 6_000);
    return () => clearTimeout(timer);
  }, [caught, status]);
  const said = { connecting: "connecting…", connected: caught ? `caught up ${caught} event${caught > 1 ? "s" : ""}` : "connected", reconnecting: "reconnecting…", refused: "not let in" }[status];
  const isolation = now?.opened.value?.isolation;
  return (
    <footer class="status" aria-label="Status">
      <span class={`pill ${status}`} role="status" data-testid="pill" title={now?.why.value || undefined}><i />{said}</span>
      {running.value && <span class="activity"><i class="spin" />{running.value}</span>}
      {progresses.value.filter((one) => one.state.location !== NOTIFICATION).map((one) => (
        <span key={one.handle} class="activity"><i class="spin" />{[one.state.title, one.state.message].filter(Boolean).join(": ")}{one.state.percent != null && ` ${Math.round(one.state.percent)} %`}
          {one.state.cancellable && <button class="plain" onClick={() => void call("window.cancelProgress", { handle: one.handle })}>cancel</button>}</span>
      ))}
      {statusItems.value.map((one) => (
        <button key={one.handle} class="plain item" title={typeof one.state.tooltip === "string" ? one.state.tooltip : undefined} disabled={!one.state.command}
          onClick={() => void call("window.clickStatusBarItem", { handle: one.handle })}>{String(one.state.text ?? "").replace(/\$\([\w~-]+\)\s?/g, "")}</button>
      ))}
      {begun.value && <span class="quiet" role="status">{begunShown()} was pressed: press the second key</span>}
      <span class="gap" />
      {isolation && <span class="quiet wide" title="How your shells are kept apart">{`shells: ${({ off: "not confined", none: "cannot run here" } as Record<string, string>)[isolation.level] ?? isolation.level}`}</span>}
      <button class="plain wide" onClick={() => openPalette()}>Commands <kbd>Ctrl K</kbd></button>
      <button class="plain" aria-label={isDark.value ? "Light" : "Dark"} title="Light or dark" onClick={() => (theme.value = isDark.value ? "light" : "dark")}><Icon name="moon" size={14} /></button>
      {me.value && <span class="quiet who">{me.value.uid}</span>}
      {(about.login === "token" || about.login === "uid") && <button class="plain" aria-label="Log out" title="Log out" onClick={() => void logOut()}><Icon name="out" size={14} /></button>}
    </footer>
  );
}
