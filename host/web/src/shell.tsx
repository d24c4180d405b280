// The frame around all screens: rail, what is shown, status line, and what lies above.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Dialogs } from "./dialogs";
import { about, dismiss, isAdmin, link, logOut, me, notices, wantsLogin } from "./host";
import { Icon, type IconName } from "./icons";
import { begun, begunShown, commandOf } from "./keys";
import { lazy } from "./lazy";
import { Login } from "./login";
import { isDark, theme } from "./looks";
import { hasView } from "./menus";
import { Palette, openPalette, run } from "./palette";
import { go, place, type Screen } from "./router";
import { SessionScreen } from "./session/screen";
import { running, waiting } from "./session/store";
import { changed, pieces, statusItems, progresses } from "./surface";
import { call } from "./host";

const Files = lazy(() => import("./files/screen").then((one) => one.FilesScreen));
const Terminals = lazy(() => import("./terminal/screen").then((one) => one.TerminalScreen));
const Usage = lazy(() => import("./usage").then((one) => one.UsageScreen));
const Settings = lazy(() => import("./settings").then((one) => one.SettingsScreen));
const Admin = lazy(() => import("./admin").then((one) => one.AdminScreen));
const Changes = lazy(() => import("./scm").then((one) => one.ScmScreen));
const Views = lazy(() => import("./views").then((one) => one.ViewScreen));

const SCREENS: [Screen, string, () => boolean][] = [
  ["session", "Session", () => true],
  ["files", "Files", () => true],
  ["terminal", "Terminal", () => true],
  ["changes", "Source control", () => true],
  ["view", "Views", () => pieces.value.some((one) => (one.kind === "webview" || one.kind === "treeView") && hasView(one.state.viewId ?? one.state.viewType))],
  ["usage", "Usage", () => true],
  ["settings", "Settings", () => true],
  ["admin", "Admin", () => isAdmin.value],
];

export function Shell() {
  useEffect(() => {
    const heard = (event: KeyboardEvent) => {
      const ctrl = event.ctrlKey || event.metaKey;
      if (ctrl && (event.key === "k" || (event.shiftKey && event.key.toLowerCase() === "p"))) {
        event.preventDefault();
        openPalette();
      } else if (event.altKey && /^[1-8]$/.test(event.key)) {
        const shown = SCREENS.filter(([, , when]) => when())[Number(event.key) - 1];
        if (shown) {
          event.preventDefault();
          go(shown[0]);
        }
      } else {
        const bound = commandOf(event);
        if (bound === null) return;
        event.preventDefault();
        event.stopPropagation();
        if (bound) void run(bound.command, bound.args === undefined || bound.args === null ? [] : [bound.args]);
      }
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
        {SCREENS.filter(([, , when]) => when()).map(([name, title], index) => (
          <a key={name} href={`#/${name}`} aria-current={screen === name ? "page" : undefined} title={`${title} (Alt+${index + 1})`}>
            <Icon name={name as IconName} size={20} />
            <span>{title}</span>
            {name === "changes" && changed.value > 0 && <b class="badge quiet" aria-label={`${changed.value} changes`}>{changed.value > 99 ? "99+" : changed.value}</b>}
            {name === "session" && waiting.value.length > 0 && <b class="badge" aria-label={`${waiting.value.length} approvals wait`}>{waiting.value.length}</b>}
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1} class={`screen ${screen}`} aria-label={SCREENS.find(([name]) => name === screen)?.[1]}>
        {screen === "session" && <SessionScreen taskId={rest} />}
        {screen === "files" && <Files path={rest} />}
        {kept.value.has("terminal") || screen === "terminal" ? <Kept shown={screen === "terminal"} /> : null}
        {screen === "usage" && <Usage />}
        {screen === "settings" && <Settings />}
        {screen === "admin" && <Admin />}
        {screen === "changes" && <Changes />}
        {screen === "view" && <Views name={rest} />}
      </main>
      <StatusLine />
      <Dialogs />
      <Palette />
      <Works />
      <div class="notices" role="status" aria-live="polite">
        {notices.value.map((one) => (
          <div key={one.id} class={`notice ${one.severity}`}>
            <span>{one.text}</span>
            <button class="plain" aria-label="Dismiss" onClick={() => dismiss(one.id)}><Icon name="close" size={14} /></button>
          </div>
        ))}
      </div>
    </div>
  );
}

/** Terminals stay as they are while another screen is shown. */
const kept = signal(new Set<string>());
function Kept({ shown }: { shown: boolean }) {
  useEffect(() => void (kept.value = new Set(["terminal"])), []);
  return <div class="kept" hidden={!shown}><Terminals shown={shown} /></div>;
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
      {isolation && <span class="quiet wide" title="How your shells are kept apart">{/^(none|off)$/.test(isolation.level) ? "shells: not confined" : `shells: ${isolation.level}`}</span>}
      <button class="plain wide" onClick={() => openPalette()}>Commands <kbd>Ctrl K</kbd></button>
      <button class="plain" aria-label={isDark.value ? "Light" : "Dark"} title="Light or dark" onClick={() => (theme.value = isDark.value ? "light" : "dark")}><Icon name="moon" size={14} /></button>
      {me.value && <span class="quiet who">{me.value.uid}</span>}
      {(about.login === "token" || about.login === "uid") && <button class="plain" aria-label="Log out" title="Log out" onClick={() => void logOut()}><Icon name="out" size={14} /></button>}
    </footer>
  );
}
