// The agent's tasks as its events tell them: a task, its messages, what waits for leave. Live text is put together here.
import { computed, effect, signal, type Signal } from "@preact/signals";
import { began, relative, rest, tell } from "../host";
import { place } from "../router";

export type Todo = { id: string; content: string; status: "pending" | "in_progress" | "completed" };
export type Task = {
  taskId: string; status: string; title?: string; mode?: string; model?: string; parentTaskId?: string | null; createdAt?: number; updatedAt?: number;
  todos?: Todo[]; cost?: number | null; usage?: { input: number; output: number; cacheRead: number; cacheWrite: number };
  contextTokens?: number; contextWindow?: number; queue?: Queued[]; waitingFor?: "approval" | "question" | "budget" | null;
  progress?: number | null; message?: string; result?: string;
};
export type Queued = { id: string | number; text: string; mode: string };
export type Message = {
  id: number | string; ts: number; kind: string; text?: string; callId?: string; name?: string; arguments?: any; status?: string; shown?: string; output?: string;
  suggestions?: { text: string; mode?: string }[]; answer?: string; checkpointId?: string; before?: number; after?: number; childTaskId?: string; images?: string[];
  live?: boolean;
};
export type Approval = {
  taskId: string; approvalId: string; callId: string; tool: string; actions: { kind: string; path?: string; command?: string; name?: string }[];
  shown?: string; patterns?: string[]; status: "waiting" | "once" | "always" | "reject"; reason?: string;
};

export const tasks = signal(new Map<string, Task>());
export const approvals = signal(new Map<string, Approval>());
export const absent = signal("");
export const taskList = computed(() => [...tasks.value.values()].filter((one) => !one.parentTaskId).sort((a, b) => (b.updatedAt ?? 0) - (a.updatedAt ?? 0)));
export const waiting = computed(() => [...approvals.value.values()].filter((one) => one.status === "waiting"));
export const ended = (status?: string) => /^(completed|aborted|failed)$/.test(status ?? "");
export const idle = (status?: string) => ended(status) || /^(paused|waiting|idle)/.test(status ?? "");

const HIDDEN_MS = 250;

/** The messages of one task, each a signal of its own: a piece of live text redraws one card. */
export class Talk {
  readonly order: Signal<(string | number)[]> = signal([]);
  readonly loaded = signal(false);
  #all = new Map<string | number, Signal<Message>>();
  #live = new Map<string | number, Partial<Record<"text" | "output" | "arguments", string>>>();
  #frame = 0;
  #fresh: (string | number)[] = [];
  constructor(readonly taskId: string) {}

  get(id: string | number): Signal<Message> {
    return this.#all.get(id)!;
  }

  put(given: Message): void {
    const message = given.shown === undefined ? given : { ...given, shown: textOf(given.shown) };
    const known = this.#all.get(message.id);
    this.#live.delete(message.id);
    if (known) known.value = message;
    else {
      this.#all.set(message.id, signal(message));
      this.#fresh.push(message.id);
      this.#soon();
    }
  }

  /** What came is drawn with the next frame, however much it is; where nobody looks there are no frames. */
  #soon(): void {
    this.#frame ||= document.hidden ? window.setTimeout(() => this.#draw(), HIDDEN_MS) : requestAnimationFrame(() => this.#draw());
  }

  #line(): void {
    const fresh = this.#fresh.splice(0);
    if (!fresh.length) return;
    const before = this.order.value, order = [...before, ...fresh];
    let last = Number(before.at(-1) ?? -Infinity);
    const sorted = fresh.every((id) => Number(id) >= last && ((last = Number(id)), true));
    this.order.value = sorted ? order : order.sort((a, b) => Number(a) - Number(b));
  }

  /** A piece of live text: drawn with the next frame, however many come before it. */
  add(id: string | number, kind: string, text: string): void {
    const field = kind === "output" ? "output" : kind === "arguments" ? "arguments" : "text";
    const live = this.#live.get(id) ?? {};
    live[field] = (live[field] ?? "") + text;
    this.#live.set(id, live);
    if (!this.#all.has(id)) this.put0({ id, ts: Date.now(), kind: kind === "thinking" ? "thinking" : kind === "text" ? "assistant" : "tool", live: true });
    this.#soon();
  }

  private put0(message: Message): void {
    const live = this.#live.get(message.id);
    this.put(message);
    if (live) this.#live.set(message.id, live);
  }

  #draw(): void {
    this.#frame = 0;
    this.#line();
    for (const [id, live] of this.#live) {
      const one = this.#all.get(id)!, now = one.value, output = live.output === undefined ? now.output : ((now.output ?? "") + live.output).slice(-40_000);
      const more = typeof now.arguments === "object" && now.arguments ? now.arguments : (now.arguments ?? "") + (live.arguments ?? "");
      one.value = { ...now, text: live.text === undefined ? now.text : (now.text ?? "") + live.text, output, arguments: live.arguments === undefined ? now.arguments : more, live: true };
    }
    this.#live.clear();
  }

  async load(): Promise<void> {
    let after: string | number | undefined;
    do {
      const { messages, next } = await rest("GET", `api/v1/tasks/${this.taskId}/messages`, undefined, { after, limit: 500 });
      for (const one of messages) this.put(one.message ?? one);
      after = next;
    } while (after !== undefined && after !== null);
    const found = await rest("GET", `api/v1/tasks/${this.taskId}`);
    putTask(found);
    for (const one of found.approvals ?? []) findApproval(this.taskId, one);
    this.#line();
    this.loaded.value = true;
  }
}

const talks = new Map<string, Talk>();
export function talkOf(taskId: string): Talk {
  let found = talks.get(taskId);
  if (!found) {
    talks.set(taskId, (found = new Talk(taskId)));
    found.load().catch((error) => (found!.loaded.value = true, error.code !== 404 && tell(error)));
  }
  return found;
}

/** What a tool shows of itself, as a text: its diff, or a sentence. */
function textOf(shown: any): string {
  if (typeof shown === "string") return shown;
  if (shown?.interrupted) return "This had begun when the host stopped, and may have been done.";
  return shown?.diff ?? (shown?.exitCode ? `exit code ${shown.exitCode}` : "");
}

function putTask(task: Task): void {
  const all = new Map(tasks.value), { title, createdAt } = all.get(task.taskId) ?? {};
  if (task.status === "deleted") all.delete(task.taskId);
  else all.set(task.taskId, { title, createdAt, ...task });
  tasks.value = all;
}
function putApproval(one: Approval): void {
  approvals.value = new Map(approvals.value).set(one.approvalId, { ...approvals.value.get(one.approvalId), ...one, shown: textOf(one.shown) });
}
/** One that waited when somebody looked; what was decided since stays so. */
function findApproval(taskId: string, one: any): void {
  if ((approvals.value.get(one.approvalId)?.status ?? "waiting") === "waiting") putApproval({ taskId, status: "waiting", ...one });
}

let agent: Promise<boolean> | undefined;
/** Whether the extension that is the agent is here; without it nothing is asked of it. */
export function hasAgent(): Promise<boolean> {
  return (agent ??= rest("GET", "api/v1/extensions").then(({ extensions }) => extensions.some((one: any) => /(^|\.)coder$/.test(one.id)), () => ((agent = undefined), false)));
}

export async function listTasks(): Promise<void> {
  if (!(await hasAgent())) return void (absent.value = "The coding agent is not installed on this host.");
  try {
    const { tasks: all } = await rest("GET", "api/v1/tasks", undefined, { limit: 200 });
    absent.value = "";
    tasks.value = new Map(all.map((one: Task) => [one.taskId, one]));
    for (const one of all as Task[]) if (one.waitingFor === "approval") void rest("GET", `api/v1/tasks/${one.taskId}`).then((found) => found.approvals?.forEach((each: any) => findApproval(one.taskId, each)));
  } catch (error: any) {
    absent.value = error.message;
  }
}

began((link) => {
  link.onOpen.add((whole) => {
    if (!whole && tasks.value.size) return;
    void listTasks();
    if (whole) for (const one of talks.values()) void one.load().catch(() => {});
  });
  link.on("coder.task", (data: Task) => {
    putTask(data);
    if (ended(data.status)) for (const one of waiting.value) if (one.taskId === data.taskId) putApproval({ ...one, status: "reject" });
  });
  link.on("coder.message", (data) => talks.get(data.taskId)?.put(data.message));
  link.on("coder.delta", (data) => talks.get(data.taskId)?.add(data.messageId, data.kind, data.text));
  link.on("coder.approval", (data) => putApproval(data));
  link.on("coder.queue", (data) => tasks.value.has(data.taskId) && putTask({ ...tasks.value.get(data.taskId)!, queue: data.messages }));
});

/** What runs now, in a few words, wherever one is on the page. */
export const running = computed(() => {
  const one = taskList.value.find((task) => !idle(task.status) && !task.waitingFor);
  if (!one || place.value.screen === "session") return "";
  return doing(one.taskId).what;
});

const DAY_MS = 86_400_000;
/** What a task does, and since when (ms), where that is known: the tool that runs, else the model that thinks. */
export function doing(taskId: string): { what: string; since?: number } {
  const talk = talks.get(taskId);
  for (const id of talk?.order.value.slice(-12).reverse() ?? []) {
    const { kind, status, name, arguments: given, ts } = talk!.get(id).value;
    if (kind === "tool" && status === "running") return { what: given?.command ? `running ${String(given.command).slice(0, 60)}` : `${name}`, since: Math.abs(Date.now() - ts) < DAY_MS ? ts : undefined };
  }
  return { what: "thinking" };
}

// -- an approval waits: in the title, on the icon, and as a notification where the page is not looked at

const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]')!, calm = icon.href;
const told = new Set<string>();
effect(() => {
  const all = waiting.value;
  document.title = all.length ? `(${all.length}) Approve? · Roost` : "Roost";
  icon.href = all.length ? calm.replace("%230b6b5d", "%23b4540a") : calm;
  for (const one of all) {
    if (told.has(one.approvalId)) continue;
    told.add(one.approvalId);
    if (document.hidden && "Notification" in window && Notification.permission === "granted") {
      const shown = new Notification("Roost asks for leave", { body: describe(one), tag: one.approvalId });
      shown.onclick = () => (window.focus(), shown.close());
    }
  }
});
export const describe = (one: Approval) => one.actions.map((each) => each.command ?? (each.path ? `${each.kind} ${relative(each.path)}` : each.name ?? each.kind)).join("; ") || one.tool;

export async function decide(one: Approval, decision: "once" | "always" | "reject", more: { reason?: string; pattern?: string } = {}): Promise<void> {
  putApproval({ ...one, status: decision });
  try {
    await rest("POST", `api/v1/tasks/${one.taskId}/approvals/${one.approvalId}`, { decision, ...more });
  } catch (error: any) {
    if (error.code !== 404 && error.code !== 409) putApproval(one);
    tell(error);
  }
}

export async function start(message: string, mode?: string, model?: string, images?: string[]): Promise<string> {
  const task = await rest("POST", "api/v1/tasks", { message, ...(mode ? { mode } : {}), ...(model ? { model } : {}), ...(images?.length ? { images } : {}) });
  putTask(task);
  if ("Notification" in window && Notification.permission === "default") void Notification.requestPermission();
  return task.taskId;
}
