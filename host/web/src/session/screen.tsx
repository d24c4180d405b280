// The session: tasks at the left, the talk in the middle, what changed at the right, and what to say below.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { link, rest, tell } from "../host";
import { Icon } from "../icons";
import { go } from "../router";
import { lazy } from "../lazy";
import { ApprovalBar } from "./approval";
import { Card } from "./cards";
import { Composer, models, suggest } from "./composer";
import { absent, doing, idle, talkOf, taskList, tasks, waiting, type Talk, type Task } from "./store";

const Changes = lazy(() => import("./changes").then((one) => one.Changes));
const WINDOW = 120;

export function SessionScreen({ taskId }: { taskId: string }) {
  const fresh = taskId === "new" || (!taskId && !taskList.value.length);
  const id = fresh ? "" : taskId || taskList.value[0]?.taskId || "", task = tasks.value.get(id);
  const [side, setSide] = useState(false), [aside, setAside] = useState(false);
  return (
    <div class={`session-grid ${aside && id ? "with-aside" : ""}`}>
      <aside class={`side ${side ? "open" : ""}`} aria-label="Tasks">
        <div class="bar"><h2>Tasks</h2><span class="gap" /><button class="plain" aria-label="New task" title="New task" onClick={() => (setSide(false), go("session", "new"))}><Icon name="plus" /></button></div>
        <Tasks current={id} close={() => setSide(false)} />
      </aside>
      <section class="talk" aria-label="Conversation">
        <div class="bar">
          <button class="plain narrow" aria-label="Tasks" onClick={() => setSide(!side)}><Icon name="more" /></button>
          <h1>{task?.title ?? (id ? "Task" : "New task")}</h1>
          <span class="gap" />
          {task && <Meters task={task} />}
          {task && <button class="plain" aria-pressed={aside} title="What changed" onClick={() => setAside(!aside)}><Icon name="changes" /><span class="wide">Changes</span></button>}
        </div>
        {id ? <Messages key={id} talk={talkOf(id)} task={task} /> : <Welcome />}
        {task?.todos?.length ? <Todos task={task} /> : null}
        {waiting.value.filter((one) => one.taskId === id || tasks.value.get(one.taskId)?.parentTaskId === id).slice(0, 1).map((one) => <ApprovalBar key={one.approvalId} approval={one} />)}
        <Composer task={task} />
      </section>
      {aside && id && <aside class="aside" aria-label="Changes"><Changes taskId={id} close={() => setAside(false)} /></aside>}
    </div>
  );
}

const IDEAS = ["Explain how this project is built", "Run the tests and mend what fails", "Find a bug and show me where"];

function Welcome() {
  const level = link.value?.opened.value?.isolation.level, scripted = models.value.length > 0 && models.value.every((one) => one.id.startsWith("demo/"));
  return (
    <div class="messages-box">
      <div class="welcome">
        <h2>What shall be done?</h2>
        <p>Say it below. The agent reads and edits the files of your workspace and {level === "none" ? "cannot run commands, as this host has no sandbox for them" : level === "off" ? "runs commands as you, on this machine" : "runs commands in your sandbox"}; it asks before it does what you have not allowed.</p>
        {absent.value ? <p class="wrong" role="alert">{absent.value}</p> : <ul class="ideas">{IDEAS.map((one) => <li key={one}><button onClick={() => suggest(one)}>{one}</button></li>)}</ul>}
        {scripted && <p><small>Only the scripted demo model is here. <a href="#/settings">Add a provider</a> to ask a real one.</small></p>}
      </div>
    </div>
  );
}

function Tasks({ current, close }: { current: string; close: () => void }) {
  const all = taskList.value;
  if (!all.length) return <p class="quiet pad">What you begin is listed here, and goes on while this page is closed.</p>;
  return (
    <ul class="tasks">
      {all.slice(0, 300).map((one) => (
        <li key={one.taskId}>
          <a href={`#/session/${one.taskId}`} aria-current={one.taskId === current ? "true" : undefined} onClick={close}>
            <i class={`state ${one.waitingFor ? "asks" : one.status}`} /><span>{one.title || one.message || "Task"}</span>
            <small>{one.waitingFor ? "waits for you" : one.status}{one.cost ? ` · $${one.cost.toFixed(2)}` : ""}</small>
          </a>
        </li>
      ))}
    </ul>
  );
}

const short = (n: number) => (n >= 1e6 ? `${(n / 1e6).toFixed(1)}M` : n >= 1e3 ? `${(n / 1e3).toFixed(n >= 1e4 ? 0 : 1)}k` : String(n));

function Meters({ task }: { task: Task }) {
  const { contextTokens: used, contextWindow: most, cost, usage } = task, part = used && most ? Math.min(1, used / most) : 0;
  const title = usage ? `in ${short(usage.input)}, out ${short(usage.output)}, cache read ${short(usage.cacheRead)}, cache written ${short(usage.cacheWrite)}` : "";
  return (
    <span class="meters">
      {most ? <span title={`context: ${used ?? 0} of ${most} tokens`}><meter min={0} max={1} high={0.8} value={part} aria-label="Context used">{Math.round(part * 100)} %</meter><small>{Math.round(part * 100)} %</small></span> : null}
      {cost != null && <span title={title} class="cost">${cost.toFixed(cost < 1 ? 3 : 2)}</span>}
    </span>
  );
}

const SAID = { pending: "Not done", in_progress: "Begin", completed: "Done" };
const MARKS = { pending: " ", in_progress: "-", completed: "x" }, NEXT = { pending: "in_progress", in_progress: "completed", completed: "pending" } as const;

/** The agent's list, in which a person may move a thing on: the agent hears of it with its next step. */
function Todos({ task }: { task: Task }) {
  const move = (id: string) => void rest("PUT", `api/v1/tasks/${task.taskId}/todos`, { todos: task.todos!.map((one) => `[${MARKS[one.id === id ? NEXT[one.status] : one.status]}] ${one.content}`).join("\n") }).catch(tell);
  const all = task.todos!, done = all.filter((one) => one.status === "completed").length, now = all.find((one) => one.status === "in_progress");
  return (
    <details class="todos">
      <summary><span>{now?.content ?? (done === all.length ? "All done" : "To do")}</span><small>{done} of {all.length}</small></summary>
      <ul>{all.map((one) => <li key={one.id} class={one.status}><button type="button" class="plain" title={SAID[NEXT[one.status]]} aria-label={`${SAID[NEXT[one.status]]}: ${one.content}`} onClick={() => move(one.id)}><i class={`box ${one.status === "completed" ? "on" : ""}`} /></button>{one.content}</li>)}</ul>
    </details>
  );
}

/** The newest messages, and earlier ones as one scrolls up; it stays at the end while one is there. */
function Messages({ talk, task }: { talk: Talk; task?: Task }) {
  const box = useRef<HTMLDivElement>(null), end = useRef(true), [from, setFrom] = useState<number | null>(null);
  const order = talk.order.value, first = from === null ? Math.max(0, order.length - WINDOW) : Math.min(from, Math.max(0, order.length - WINDOW));
  const shown = order.slice(first, from === null ? undefined : first + 3 * WINDOW), more = order.length - first - shown.length;
  useLayoutEffect(() => {
    const one = box.current!;
    const stick = () => end.current && (one.scrollTop = one.scrollHeight);
    const watch = new ResizeObserver(stick);
    watch.observe(one.firstElementChild!);
    watch.observe(one);
    stick();
    return () => watch.disconnect();
  }, []);
  useLayoutEffect(() => void (end.current && (box.current!.scrollTop = box.current!.scrollHeight)));
  const leave = () => void (end.current = false); // only a person leaves the end; what grows or shrinks does not
  const scrolled = () => {
    const one = box.current!;
    const near = one.scrollHeight - one.scrollTop - one.clientHeight < 60 && more <= 0;
    if (near) end.current = true;
    if (end.current && from !== null && !more) setFrom(null);
    if (one.scrollTop < 200 && first > 0) {
      const below = one.scrollHeight - one.scrollTop;
      setFrom(Math.max(0, first - WINDOW));
      requestAnimationFrame(() => (one.scrollTop = one.scrollHeight - below));
    } else if (more > 0 && one.scrollHeight - one.scrollTop - one.clientHeight < 200) setFrom(first + WINDOW);
  };
  return (
    <div class="messages-box" ref={box} onScroll={scrolled} onWheel={(event) => event.deltaY < 0 && leave()} onTouchMove={leave} onPointerDown={leave} onKeyDown={(event) => /^(PageUp|ArrowUp|Home)$/.test(event.key) && leave()} tabIndex={0} role="log" aria-label="Messages" aria-live="off">
      <div class="column">
        {first > 0 && <p class="quiet center">{first} earlier</p>}
        {shown.map((id) => <Card key={id} message={talk.get(id)} taskId={talk.taskId} />)}
        {more > 0 && <p class="quiet center">{more} later</p>}
        {talk.loaded.value && !order.length && <p class="quiet center">Nothing was said yet.</p>}
        {task && !idle(task.status) && !task.waitingFor && <Activity task={task} />}
      </div>
    </div>
  );
}

function Activity({ task }: { task: Task }) {
  const { what, since: began } = doing(task.taskId), [seen, setSeen] = useState(Date.now()), [now, setNow] = useState(Date.now()), since = began ?? seen;
  useEffect(() => setSeen(Date.now()), [what]);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.round((now - since) / 1000));
  return <p class="chip" role="status"><i class="spin" />{what}{seconds > 2 && <small> {seconds} s</small>}</p>;
}

export async function act(task: Task, what: "pause" | "resume" | "abort"): Promise<void> {
  try {
    if (what === "abort") await rest("DELETE", `api/v1/tasks/${task.taskId}`);
    else await rest("PUT", `api/v1/tasks/${task.taskId}/${what}`);
  } catch (error) {
    tell(error);
  }
}
