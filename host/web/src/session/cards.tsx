// One message of a talk, by its kind. Markdown is of models and never trusted.
import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { askYes } from "../dialogs";
import { notify, relative, rest, tell } from "../host";
import { Icon } from "../icons";
import { Markdown } from "../markdown";
import { memo } from "../memo";
import { Shown } from "./diff";
import type { Message } from "./store";

export const Card = memo(({ message: one, taskId }: { message: Signal<Message>; taskId: string }) => {
  const message = one.value;
  switch (message.kind) {
    case "user": return <article class="card user"><p>{message.text}</p>{message.images?.map((image, index) => <img key={index} src={image} alt="attached" />)}</article>;
    case "assistant": return <article class="card assistant"><Markdown text={message.text ?? ""} />{message.live && <i class="caret" />}</article>;
    case "thinking": return <details class="card thinking" open={message.live}><summary>{message.live ? "Thinking…" : "Thought"}</summary><p>{message.text}</p></details>;
    case "tool": return message.name === "attempt_completion" && message.status === "done" ? null : <ToolCard message={message} />; // the box below it says what was done
    case "question": return <Question message={message} taskId={taskId} />;
    case "error": return <div class="card error" role="alert"><p>{message.text}</p></div>;
    case "checkpoint": return <Checkpoint message={message} taskId={taskId} />;
    case "condensed": return <details class="card mark"><summary>The talk was condensed{message.before && message.after ? ` from ${message.before} to ${message.after} tokens` : ""}</summary><Markdown text={message.text ?? ""} /></details>;
    case "completion": return <article class="card completion"><h3><Icon name="check" /> Done</h3><Markdown text={message.text ?? ""} /></article>;
    case "subtask": return <article class="card mark"><a href={`#/session/${message.childTaskId}`}>A task of its own: {message.text ?? message.childTaskId}</a></article>;
    default: return <article class="card mark"><Markdown text={message.text ?? ""} /></article>;
  }
});

const STATES: Record<string, string> = { pending: "about to", waiting: "asks", running: "runs", done: "", failed: "failed", refused: "not allowed", interrupted: "interrupted" };

function about(args: any): string {
  if (!args || typeof args !== "object") return "";
  const value = args.command ?? args.path ?? args.file_path ?? args.regex ?? args.query ?? args.pattern ?? args.url ?? args.files?.[0]?.path ?? args.args?.file?.path;
  return typeof value === "string" ? relative(value) : "";
}

/** What a closed card shows of a tool that did its work: the last line of a command, how much of a list is done. */
function gist({ name, arguments: given, output, status }: Message): string {
  if (status !== "done") return "";
  if (name === "update_todo_list") {
    const items = String(given?.todos ?? "").match(/\[[ x-]\]/gi) ?? [];
    return items.length ? `${items.filter((one) => /x/i.test(one)).length} of ${items.length}` : "";
  }
  return /command/.test(name ?? "") ? (output ?? "").trimEnd().split("\n").at(-1)!.trim().replace(/^=+ | =+$/g, "").slice(0, 120) : "";
}

function ToolCard({ message }: { message: Message }) {
  const busy = /^(pending|running|waiting)$/.test(message.status ?? ""), what = about(message.arguments), said = gist(message);
  const [open, setOpen] = useState<boolean | null>(null), body = message.shown || message.output || (!what && message.arguments && JSON.stringify(message.arguments, null, 2));
  const isOpen = open ?? (message.status === "failed" || message.status === "refused" || (busy && !!message.output) || (message.status !== "waiting" && /^(---|@@|<<<<)/m.test(message.shown ?? "")));
  return (
    <details class={`card tool ${message.status ?? ""}`} open={isOpen} onToggle={(event) => event.currentTarget.open !== isOpen && setOpen(event.currentTarget.open)}>
      <summary>{busy && message.status !== "waiting" ? <i class="spin" /> : <i class="dot" />}<b>{message.name}</b>{what && <code title={what}>{what}</code>}{said && !isOpen && <em title={said}>{said}</em>}<small>{STATES[message.status ?? ""] ?? message.status}</small></summary>
      {isOpen && (body ? <>{message.shown && <Shown text={message.shown} />}{message.output && message.output !== message.shown && <Shown text={message.output} />}{!message.shown && !message.output && <Shown text={String(body)} />}</> : <p class="quiet">No output.</p>)}
    </details>
  );
}

function Question({ message, taskId }: { message: Message; taskId: string }) {
  const answer = (text: string, mode?: string) => {
    if (mode) void rest("PUT", `api/v1/tasks/${taskId}/mode`, { mode }).catch(() => {});
    void rest("POST", `api/v1/tasks/${taskId}/messages`, { message: text }).catch(tell);
  };
  return (
    <article class="card question">
      <Markdown text={message.text ?? ""} />
      {message.answer ? <p class="answer">{message.answer}</p> : message.suggestions?.map((one) => <button key={one.text} onClick={() => answer(one.text, one.mode)}>{one.text}{one.mode && <small> in mode {one.mode}</small>}</button>)}
    </article>
  );
}

function Checkpoint({ message, taskId }: { message: Message; taskId: string }) {
  const restore = async (scope: "files" | "task") => {
    if (!(await askYes(scope === "files" ? "Bring the files back to how they were here?" : "Bring files and talk back to here? What came later is gone from the task.", "Restore"))) return;
    await rest("POST", `api/v1/tasks/${taskId}/checkpoints/${message.checkpointId}/restore`, { scope }).then(() => notify("The workspace is as it was at that checkpoint."), tell);
  };
  return (
    <div class="checkpoint"><hr /><span><Icon name="back" size={13} /> checkpoint <time>{new Date(message.ts).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}</time></span>
      <button class="plain" onClick={() => void restore("files")}>restore files</button><button class="plain" onClick={() => void restore("task")}>files and talk</button><hr /></div>
  );
}
