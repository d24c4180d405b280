// What all of the page shares: the link, who I am, HTTP, notices.
import { computed, signal } from "@preact/signals";
import { Failed, Link } from "./socket";
import type { Methods } from "./wire";

const meta = document.querySelector<HTMLMetaElement>('meta[name="roost"]')!;
export const about: { login: "none" | "uid" | "token" | "outside"; version: string } = JSON.parse(meta.content);
export const base = new URL(".", location.href.split("#")[0]!.split("?")[0]!);

const UID = "roost.uid";
export const uid = signal<string | null>(about.login === "uid" ? sessionStorage.getItem(UID) : null);
export const link = signal<Link | null>(null);
export type Ceiling = { allowedCommands: string[] | null; deniedCommands: string[]; allowedPaths: string[] | null; deniedPaths: string[] };
export const me = signal<{ uid: string; scopes: string[]; expires: number | null; multiUser: boolean; ceiling?: Ceiling } | null>(null);
export const isAdmin = computed(() => !!me.value && (!me.value.multiUser || me.value.scopes.includes("admin")));
export const loginWhy = signal("");
/** The page asks who you are; null while that is not known. */
export const wantsLogin = signal<boolean | null>(about.login === "uid" ? !uid.value : about.login === "none" ? false : null);

let linked: (link: Link) => void;
const first = new Promise<Link>((done) => (linked = done));
const starts: ((link: Link) => void)[] = [];
/** Called with the link once there is one. */
export function began(start: (link: Link) => void): void {
  starts.push(start);
  if (link.value) start(link.value);
}

/** Called after each opening of the line, and now where it is open: `whole` says that all must be read anew. */
export function opens(heard: (whole: boolean) => void): void {
  began((link) => {
    link.onOpen.add(heard);
    if (link.status.value === "connected") heard(true);
  });
}

/** Find out who I am, then open the socket; where nobody is known the page asks. */
export async function begin(): Promise<void> {
  if (about.login === "uid" && !uid.value) return;
  for (let wait = 500; ; wait = Math.min(8_000, wait * 2))
    try {
      me.value = await rest("GET", "api/v1/me");
      break;
    } catch (error: any) {
      if (error.code >= 400 && error.code < 500 && error.code !== 429) {
        if (about.login === "uid") sessionStorage.removeItem(UID);
        loginWhy.value = error.code === 401 && about.login === "token" && /is needed/.test(error.message) ? "" : error.message;
        wantsLogin.value = true;
        return;
      }
      await new Promise((done) => setTimeout(done, wait));
    }
  connect();
}

function connect(): void {
  const socket = new URL("ws", base);
  socket.protocol = base.protocol === "https:" ? "wss:" : "ws:";
  if (uid.value) socket.searchParams.set("uid", uid.value);
  const made = new Link(socket.href, me.value!.uid);
  made.onRefused.add((code, reason) => {
    loginWhy.value = code === 4401 && !reason ? "log in again" : reason;
    wantsLogin.value = true;
  });
  wantsLogin.value = false;
  link.value = made;
  linked(made);
  for (const start of starts) start(made);
}

export async function logIn(given: string): Promise<void> {
  if (about.login === "uid") {
    sessionStorage.setItem(UID, given);
    uid.value = given;
  } else await rest("POST", "login", { token: given });
  location.reload();
}

export async function logOut(): Promise<void> {
  sessionStorage.removeItem(UID);
  link.value?.stop();
  if (about.login === "token") await rest("POST", "logout").catch(() => {});
  location.reload();
}

/** Ask the host; what is asked before there is a link waits for it. */
export async function call<M extends keyof Methods>(method: M, params: Methods[M]["params"], heard?: (value: any) => void, stop?: AbortSignal): Promise<Methods[M]["result"]> {
  return (link.value ?? (await first)).call(method, params, heard, stop);
}

export function address(path: string, query: Record<string, string | number | undefined> = {}): URL {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  if (uid.value) url.searchParams.set("uid", uid.value);
  return url;
}

/** A JSON answer; throws `Failed` with the problem's sentence and HTTP status. */
export async function rest(method: string, path: string, body?: unknown, query?: Record<string, any>): Promise<any> {
  const init: RequestInit = { method, credentials: "same-origin" };
  if (body instanceof Blob) init.body = body;
  else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "Content-Type": "application/json" };
  }
  const ask = () => fetch(address(path, query), init).catch(() => {
    throw new Failed(0, "the host does not answer; it is tried again when the connection is back");
  });
  let answer = await ask();
  for (let tries = 0; method === "GET" && answer.status === 429 && tries < 3; tries++) {
    await new Promise((done) => setTimeout(done, 1_000 * Math.min(5, Number(answer.headers.get("retry-after")) || 0.5)));
    answer = await ask();
  }
  const text = await answer.text();
  const value = text && /json/.test(answer.headers.get("content-type") ?? "") ? JSON.parse(text) : text;
  if (!answer.ok) throw new Failed(answer.status, value.detail ?? `${answer.status} ${answer.statusText}`, value);
  return value;
}

/** `act` is what one can do about it there. */
export type Notice = { id: number; severity: "info" | "warning" | "error"; text: string; act?: { title: string; run: () => void } };
export const notices = signal<Notice[]>([]);
let numbers = 0;
export function notify(text: string, severity: Notice["severity"] = "info", lasts = severity === "error" ? 12_000 : 5_000, act?: Notice["act"]): void {
  const id = ++numbers;
  notices.value = [...notices.value.slice(-4), { id, severity, text, act }];
  setTimeout(() => dismiss(id), lasts);
}
export function dismiss(id: number): void {
  notices.value = notices.value.filter((one) => one.id !== id);
}
/** Say in a notice what went wrong. */
export const tell = (error: unknown) => notify(error instanceof Error ? error.message : String(error), "error");

export const workspace = computed(() => {
  const uri = link.value?.opened.value?.workspaceFolders[0]?.uri;
  return uri ? decodeURIComponent(new URL(uri).pathname) : "/workspace";
});
export const relative = (path: string) => path.startsWith(`${workspace.value}/`) ? path.slice(workspace.value.length + 1) : path;
export const pathOf = (uri: string) => uri.startsWith("file:") ? decodeURIComponent(new URL(uri).pathname) : uri;
/** Whether it is no file of the disk, but what an extension has the text of, such as a file as it was: its URI. */
export const isVirtual = (path: string) => /^[a-z][a-z0-9+.-]*:\//i.test(path);
/** The last name of a path; of what is no file with what it is. */
export function nameOf(path: string): string {
  if (!isVirtual(path)) return path.split("/").pop() || path;
  const { protocol, pathname, search } = new URL(path), query = decodeURIComponent(search.slice(1));
  const [, ref] = /"ref":"([^"]*)"/.exec(query) ?? [, protocol.slice(0, -1)];
  return `${decodeURIComponent(pathname).split("/").pop()} (${ref || "Index"})`;
}
