// What to say: Enter sends, Shift+Enter breaks the line. While the agent works a message steers it, or waits its turn.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { began, call, rest, tell } from "../host";
import { Icon } from "../icons";
import { go } from "../router";
import { act } from "./screen";
import { ended, hasAgent, idle, start, type Task } from "./store";

type Mode = { slug: string; name: string };
const modes = signal<Mode[]>([]);
export const models = signal<{ id: string; name: string }[]>([]);
const lookAtModes = () => void hasAgent().then((is) => is && rest("GET", "api/v1/modes")).then((found) => found && (modes.value = found.modes ?? found), () => {});
began((link) => link.on("coder.files", lookAtModes)); // modes are files, and somebody edited one
began((link) => link.onOpen.add(() => {
  lookAtModes();
  void call("lm.selectChatModels", {}).then((found) => (models.value = found), () => {});
}));
const drafts = new Map<string, string>();
const suggested = signal("");
/** Fill in what a new task could begin with; it is sent by who reads it. */
export const suggest = (text: string) => void (suggested.value = text);
const address = new URL(location.href), prepared = address.searchParams.get("prompt"); // `?prompt=` fills in what a new task begins with, once
if (prepared) {
  drafts.set("new", prepared.slice(0, 20_000));
  address.searchParams.delete("prompt");
  history.replaceState(null, "", address);
}

export function Composer({ task }: { task?: Task }) {
  const key = task?.taskId ?? "new", field = useRef<HTMLTextAreaElement>(null), [text, setText] = useState(drafts.get(key) ?? "");
  const [mode, setMode] = useState(""), [model, setModel] = useState(""), [how, setHow] = useState<"steer" | "queue">("steer"), [busy, setBusy] = useState(false), [images, setImages] = useState<string[]>([]);
  const works = !!task && !idle(task.status) && !task.waitingFor, live = !!task && !ended(task.status), queue = task?.queue ?? [];
  useEffect(() => setText(drafts.get(key) ?? ""), [key]);
  useEffect(() => void (prepared && !task && drafts.has("new") && field.current?.focus()), []);
  useEffect(() => {
    if (!suggested.value || task) return;
    setText(suggested.value);
    suggested.value = "";
    field.current?.focus();
  }, [suggested.value]);
  useEffect(() => {
    drafts.set(key, text);
    const one = field.current!;
    one.style.height = "auto";
    one.style.height = `${Math.min(one.scrollHeight, 240)}px`;
  }, [text]);
  const send = async () => {
    const said = text.trim();
    if (!said || busy) return;
    setBusy(true);
    try {
      if (!task) {
        go("session", await start(said, mode || undefined, model || undefined, images));
        document.querySelector("main")?.focus(); // y, a and n decide from here on; in the field they would be text
      }
      else await rest("POST", `api/v1/tasks/${task.taskId}/messages`, { message: said, ...(works ? { mode: how } : {}), ...(images.length ? { images } : {}) });
      drafts.delete(key);
      setText("");
      setImages([]);
    } catch (error) {
      tell(error);
    }
    setBusy(false);
  };
  const paste = (event: ClipboardEvent) => {
    for (const file of event.clipboardData?.files ?? []) {
      if (!file.type.startsWith("image/")) continue;
      event.preventDefault();
      const reader = new FileReader();
      reader.onload = () => setImages((all) => [...all, String(reader.result)].slice(0, 8));
      reader.readAsDataURL(file);
    }
  };
  return (
    <form class="composer" onSubmit={(event) => (event.preventDefault(), void send())}>
      {queue.length > 0 && <ul class="queue" aria-label="Waiting messages">{queue.map((one) => <li key={one.id}><small>{one.mode === "queue" ? "next" : "steers"}</small><span>{one.text}</span><button type="button" class="plain" title="Take it back" aria-label={`Take back: ${one.text}`} onClick={() => void rest("DELETE", `api/v1/tasks/${task!.taskId}/messages/${one.id}`).catch(tell)}><Icon name="close" size={12} /></button></li>)}</ul>}
      {images.length > 0 && <div class="images">{images.map((one, index) => <button key={index} type="button" class="plain" aria-label="Remove the image" onClick={() => setImages(images.filter((_, at) => at !== index))}><img src={one} alt="" /></button>)}</div>}
      <textarea ref={field} rows={1} aria-label="Message to the agent" value={text} onPaste={paste}
        placeholder={task?.waitingFor === "question" ? "Answer…" : works ? (how === "steer" ? "Steer it…" : "What next, after this…") : task ? "Go on…" : "Fix the failing test in tests/test_billing.py"}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && !event.shiftKey && !event.isComposing && (event.preventDefault(), void send())} />
      <div class="tools">
        {!task && modes.value.length > 0 && <select aria-label="Mode" value={mode} onChange={(event) => setMode(event.currentTarget.value)}><option value="">mode: default</option>{modes.value.map((one) => <option key={one.slug} value={one.slug}>{one.name}</option>)}</select>}
        {task && modes.value.length > 0 && <select aria-label="Mode" value={task.mode ?? ""} onChange={(event) => void rest("PUT", `api/v1/tasks/${task.taskId}/mode`, { mode: event.currentTarget.value }).catch(tell)}>{modes.value.map((one) => <option key={one.slug} value={one.slug}>{one.name}</option>)}</select>}
        {!task ? (
          <select aria-label="Model" value={model} onChange={(event) => setModel(event.currentTarget.value)}><option value="">model: default</option>{models.value.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}</select>
        ) : <small class="quiet">{task.model}</small>}
        {works && <label class="switch"><input type="checkbox" checked={how === "queue"} onChange={() => setHow(how === "steer" ? "queue" : "steer")} /> after this</label>}
        <span class="gap" />
        {task && (live || task.status !== "completed") && (/^(paused|failed|aborted)$/.test(task.status)
          ? <button type="button" onClick={() => void act(task, "resume")}><Icon name="play" size={14} /> Resume</button>
          : <button type="button" class="plain" aria-label="Pause" title="Pause" disabled={!works} onClick={() => void act(task, "pause")}><Icon name="pause" /></button>)}
        {live && <button type="button" class="stop" aria-label="Stop" title="Stop" onClick={() => void act(task, "abort")}><Icon name="stop" size={14} /><span>Stop</span></button>}
        <button class="primary" aria-label="Send" disabled={!text.trim() || busy}><Icon name="send" size={16} /></button>
      </div>
    </form>
  );
}
