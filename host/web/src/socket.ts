// One user's socket, kept alive: requests, numbered events (none lost, none twice), the host's questions, binary frames.
import { signal } from "@preact/signals";
import type { Methods } from "./wire";

export type Status = "connecting" | "connected" | "reconnecting" | "refused";
export class Failed extends Error {
  constructor(readonly code: number, message: string, readonly data: any = {}) {
    super(message);
  }
}
export const CANCELLED = -32800;
export const LOST = -1; // the connection went before the answer came: what was asked may have been done, or not

type Waiting = { method: string; params: any; done: (value: any) => void; failed: (error: Failed) => void };
type Answerer = (params: any, cancelled: AbortSignal) => Promise<unknown>;
type Opened = Methods["session.open"]["result"];

/** Asked again by itself after a reconnect: asking twice does no harm. */
const AGAIN = /^(workspace\.(fs\.(stat|readDirectory|readFile)|findFiles|findTextInFiles|getConfiguration|watch|openTextDocument)|terminal\.list|window\.(surface|output\.(list|read)|tree\.children)|commands\.getCommands|lm\.selectChatModels|languages\.get\w+|state\.(get|keys)|secrets\.keys)$/;
const QUIET_MS = 12_000;
const PATIENCE_MS = 10_000;

export class Link {
  readonly status = signal<Status>("connecting");
  readonly why = signal("");
  readonly caughtUp = signal(0);
  readonly opened = signal<Opened | null>(null);
  /** Called after each opening; `whole` says that what was known before must be read anew. */
  readonly onOpen = new Set<(whole: boolean) => void>();
  readonly onRefused = new Set<(code: number, reason: string) => void>();

  #socket: WebSocket | null = null;
  #seq: number | undefined;
  #ready = false;
  #ids = 0;
  #waiting = new Map<number, Waiting>();
  #queue: { id: number }[] = [];
  #events = new Map<string, Set<(data: any, seq: number) => void>>();
  #answerers = new Map<string, Answerer>();
  #questions = new Map<string, AbortController>();
  #channels = new Map<number, (offset: number, bytes: Uint8Array) => void>();
  #progress = new Map<string, (value: any) => void>();
  #tries = 0;
  #timer = 0;
  #heard = 0;
  #stopped = false;

  constructor(private readonly url: string, private uid: string) {
    addEventListener("online", () => this.#now());
    addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#look());
    setInterval(() => this.#look(), 4_000);
    this.#connect();
  }

  /** What `heard` is told comes before the answer; `stop` ends the work at the host, and fails with `CANCELLED`. */
  call<M extends keyof Methods>(method: M, params: Methods[M]["params"], heard?: (value: any) => void, stop?: AbortSignal): Promise<Methods[M]["result"]> {
    const id = ++this.#ids;
    stop?.addEventListener("abort", () => this.#cancel(id));
    if (heard) {
      const token = `p${id}`;
      params = { ...(params as object), progressToken: token } as any;
      this.#progress.set(token, heard);
    }
    return new Promise((done, failed) => {
      this.#waiting.set(id, { method, params, done, failed });
      if (this.#ready) this.#ask(id);
      else if (this.#stopped) this.#settle(id, new Failed(LOST, this.why.value));
      else this.#queue.push({ id });
    }).finally(() => heard && this.#progress.delete(`p${id}`)) as Promise<any>;
  }

  #cancel(id: number): void {
    if (!this.#waiting.has(id)) return;
    const queued = this.#queue.some((one) => one.id === id);
    this.#queue = this.#queue.filter((one) => one.id !== id);
    if (!queued) this.#send({ method: "$/cancelRequest", params: { id } });
    this.#settle(id, new Failed(CANCELLED, "it was stopped"));
  }

  on(type: string, heard: (data: any, seq: number) => void): () => void {
    const all = this.#events.get(type) ?? new Set();
    this.#events.set(type, all.add(heard));
    return () => all.delete(heard);
  }

  /** What answers a question of the host's. */
  answers(method: string, answerer: Answerer): void {
    this.#answerers.set(method, answerer);
  }

  listen(channel: number, heard: (offset: number, bytes: Uint8Array) => void): () => void {
    this.#channels.set(channel, heard);
    return () => this.#channels.delete(channel);
  }

  /** Kind 2 is input (offset 0), kind 3 acknowledges all before the offset. */
  frame(kind: 2 | 3, channel: number, offset: number, payload: Uint8Array = new Uint8Array()): boolean {
    if (!this.#ready || !this.#socket) return false;
    const bytes = new Uint8Array(13 + payload.length), view = new DataView(bytes.buffer);
    view.setUint8(0, kind);
    view.setUint32(1, channel);
    view.setBigUint64(5, BigInt(offset));
    bytes.set(payload, 13);
    this.#socket.send(bytes);
    return true;
  }

  /** Cut the line, as a lost network does; it connects again. */
  cut(): void {
    this.#socket?.close(4000, "cut");
    this.#lost(1006, "");
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  #connect(): void {
    if (this.#stopped) return;
    const socket = (this.#socket = new WebSocket(this.url));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#socket === socket && this.#open();
    socket.onmessage = (event) => this.#socket === socket && this.#take(event.data);
    socket.onclose = (event) => this.#socket === socket && this.#lost(event.code, event.reason);
    this.#heard = Date.now();
  }

  #open(): void {
    const id = ++this.#ids, after = this.#seq;
    this.#waiting.set(id, {
      method: "session.open", params: {},
      done: (opened: Opened) => this.#began(opened, after),
      failed: (error) => error.code === -32002 ? this.#refuse(4401, error.message) : this.#socket?.close(4000, error.message),
    });
    this.#send({ id, method: "session.open", params: after === undefined ? {} : { after } });
  }

  #began(opened: Opened, after: number | undefined): void {
    this.uid = opened.uid;
    this.opened.value = opened;
    this.#ready = true;
    this.#tries = 0;
    if (after === undefined || !opened.resumed) this.#seq = after === undefined ? opened.seq : Math.min(after, opened.seq);
    this.caughtUp.value = after !== undefined && opened.resumed ? opened.seq - after : 0;
    this.status.value = "connected";
    this.why.value = "";
    const queue = this.#queue;
    this.#queue = [];
    for (const one of queue) if (this.#waiting.has(one.id)) this.#ask(one.id);
    for (const heard of this.onOpen) heard(after === undefined || !opened.resumed);
  }

  #ask(id: number): void {
    const { method, params } = this.#waiting.get(id)!;
    this.#send({ id, method, params });
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify({ jsonrpc: "2.0", ...message, uid: this.uid }));
  }

  #take(data: string | ArrayBuffer): void {
    this.#heard = Date.now();
    if (typeof data !== "string") {
      const view = new DataView(data);
      this.#channels.get(view.getUint32(1))?.(Number(view.getBigUint64(5)), new Uint8Array(data, 13));
      return;
    }
    const message = JSON.parse(data);
    if (message.method === "event") this.#event(message.params);
    else if (message.method === undefined) this.#answer(message);
    else if (message.method === "$/progress") this.#progress.get(message.params.token)?.(message.params.value);
    else if (message.method === "$/cancelRequest") this.#questions.get(message.params.id)?.abort();
    else if (message.id !== undefined) void this.#question(message);
    else this.#tell(message.method, message.params, 0);
  }

  #event({ seq, type, data }: { seq: number; type: string; data: any }): void {
    if (this.#seq !== undefined && seq <= this.#seq) return;
    this.#seq = seq;
    this.#tell(type, data, seq);
  }

  #tell(type: string, data: any, seq: number): void {
    for (const heard of [...(this.#events.get(type) ?? []), ...(this.#events.get("*") ?? [])]) {
      try {
        heard(data, seq);
      } catch (error) {
        console.error(type, error);
      }
    }
  }

  #answer({ id, result, error }: any): void {
    this.#settle(id, error ? new Failed(error.code, error.message, error.data) : undefined, result);
  }

  #settle(id: number, error?: Failed, result?: any): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.failed(error);
    else waiting?.done(result);
  }

  async #question({ id, method, params }: any): Promise<void> {
    const answerer = this.#answerers.get(method);
    if (!answerer) return this.#send({ id, error: { code: -32601, message: `${method}: this page has no way to ask it` } });
    this.#questions.get(id)?.abort(); // asked again after a reconnect
    const cancel = new AbortController();
    this.#questions.set(id, cancel);
    const result = await answerer(params, cancel.signal).catch(() => null);
    if (this.#questions.get(id) !== cancel) return;
    this.#questions.delete(id);
    if (!cancel.signal.aborted) this.#send({ id, result: result ?? null });
  }

  #lost(code: number, reason: string): void {
    this.#socket = null;
    this.#ready = false;
    this.#channels.clear();
    for (const [id, one] of [...this.#waiting]) {
      if (one.method === "session.open") this.#waiting.delete(id);
      else if (this.#queue.some((queued) => queued.id === id)) continue;
      else if (AGAIN.test(one.method)) this.#queue.push({ id });
      else this.#settle(id, new Failed(LOST, "the connection was lost before the answer came; look whether it was done"));
    }
    if ([4400, 4401, 4403].includes(code)) return this.#refuse(code, reason);
    this.why.value = reason;
    if (this.#stopped) return;
    this.status.value = this.opened.value ? "reconnecting" : "connecting";
    const wait = this.#tries++ === 0 ? 150 : Math.min(8_000, 300 * 2 ** this.#tries) * (0.7 + Math.random() * 0.6);
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#connect(), wait);
  }

  #refuse(code: number, reason: string): void {
    this.#stopped = true;
    this.status.value = "refused";
    this.why.value = reason;
    this.#socket?.close();
    for (const heard of this.onRefused) heard(code, reason);
  }

  #now(): void {
    if (this.#socket === null && !this.#stopped) {
      clearTimeout(this.#timer);
      this.#connect();
    }
  }

  /** A line that says nothing is asked whether it lives, and given up where it does not answer. */
  #look(): void {
    const quiet = Date.now() - this.#heard;
    if (this.#socket === null) return this.#now();
    if (quiet > QUIET_MS + PATIENCE_MS) this.cut();
    else if (quiet > QUIET_MS && this.#ready) this.#send({ id: ++this.#ids, method: "session.ping", params: {} });
  }
}
