// What the host asks the user: messages, a line to type, something to pick, a place to open. First come, first shown.
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { began, call, notify, pathOf, workspace } from "./host";
import { quickInput } from "./surface";

type Question = { id: number; method: string; params: any; answer: (value: unknown) => void };
const questions = signal<Question[]>([]);
let asking = 0;

function asked(method: string) {
  return (params: any, cancelled: AbortSignal) =>
    new Promise((done) => {
      const question: Question = { id: ++asking, method, params, answer: (value) => (forget(), done(value)) };
      const forget = () => (questions.value = questions.value.filter((one) => one !== question));
      cancelled.addEventListener("abort", () => question.answer(null));
      questions.value = [...questions.value, question];
    });
}

/** Ask the user on this page's own account. */
export const askText = (params: { title?: string; prompt?: string; value?: string; valueSelection?: [number, number]; placeHolder?: string }) =>
  asked("window.showInputBox")(params, new AbortController().signal) as Promise<string | null>;
export const askYes = (message: string, yes: string) =>
  asked("window.showMessage")({ severity: "warning", message, modal: true, items: [yes] }, new AbortController().signal).then((one) => one === yes);
export const askOf = (message: string, ...items: string[]) =>
  asked("window.showMessage")({ severity: "warning", message, modal: true, items }, new AbortController().signal) as Promise<string | null>;

/** Ask with what there is to know beside it, each a line of its own. */
export const askAbout = (message: string, details: unknown[], ...items: string[]) =>
  asked("window.showMessage")({ severity: "warning", message, detail: details.filter(Boolean).join("\n"), modal: true, items }, new AbortController().signal) as Promise<string | null>;

/** Let the user choose one of these; its place, or null. */
export const choose = (title: string, items: Item[]) => asked("window.showQuickPick")({ title, items }, new AbortController().signal) as Promise<number | null>;

began((link) => {
  for (const method of ["window.showMessage", "window.showInputBox", "window.showQuickPick", "window.showOpenDialog", "window.showSaveDialog"]) link.answers(method, asked(method));
  link.answers("env.openExternal", async ({ uri }, cancelled) => {
    const target = String(uri);
    if (!/^(https?:|mailto:)/.test(target)) return false;
    const answer = await asked("window.showMessage")({ severity: "info", message: "Open this address?", detail: target, modal: true, items: ["Open"] }, cancelled);
    if (answer === "Open") window.open(target, "_blank", "noreferrer");
    return answer === "Open";
  });
});

export function Dialogs() {
  const [first] = questions.value.filter((one) => one.method !== "window.showMessage" || one.params.modal);
  const calm = questions.value.filter((one) => one.method === "window.showMessage" && !one.params.modal);
  return (
    <>
      {first && <Modal key={first.id} question={first} />}
      {!first && quickInput.value && <LiveInput key={quickInput.value.handle} />}
      <div class="messages">
        {calm.slice(0, 3).map((one) => <Message key={one.id} question={one} />)}
        {calm.length > 3 && <p class="quiet">{calm.length - 3} more</p>}
      </div>
    </>
  );
}

function Message({ question: { params, answer } }: { question: Question }) {
  return (
    <section class={`message ${params.severity}`} role="alert">
      <p>{params.message}</p>
      {params.detail && <p class="quiet">{params.detail}</p>}
      <div class="buttons">
        {params.items?.map((item: string) => <button key={item} onClick={() => answer(item)}>{item}</button>)}
        <button class="plain" onClick={() => answer(null)}>{params.items?.length ? "Close" : "OK"}</button>
      </div>
    </section>
  );
}

export function Frame({ label, close, children, wide }: { label: string; close: () => void; children: any; wide?: boolean }) {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    box.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog ref={box} class={wide ? "wide" : ""} aria-label={label} onCancel={(event) => (event.preventDefault(), close())} onClick={(event) => event.target === box.current && close()}>
      {children}
    </dialog>
  );
}

function Modal({ question }: { question: Question }) {
  const { method, params, answer } = question, label = params.title || params.message || params.prompt || "Question";
  return (
    <Frame label={label} close={() => answer(null)}>
      {method === "window.showMessage" ? (
        <div class="ask">
          <h2>{params.message}</h2>
          {params.detail && <p class="detail">{params.detail}</p>}
          <div class="buttons">
            {params.items?.map((item: string, index: number) => <button key={item} class={index ? "" : "primary"} autofocus={!index} onClick={() => answer(item)}>{item}</button>)}
            <button onClick={() => answer(null)}>{params.items?.length ? "Cancel" : "OK"}</button>
          </div>
        </div>
      ) : method === "window.showQuickPick" ? (
        <Pick items={params.items} title={params.title} placeholder={params.placeHolder} many={params.canPickMany}
          done={(indexes) => answer(params.canPickMany ? indexes : indexes[0])} />
      ) : (
        <Line params={params} method={method} answer={answer} />
      )}
    </Frame>
  );
}

function Line({ params, method, answer }: { params: any; method: string; answer: (value: unknown) => void }) {
  const place = method !== "window.showInputBox", field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => { // before anything can be typed: a selection made later would swallow the first letter
    const one = field.current!;
    one.focus();
    if (params.valueSelection) one.setSelectionRange(params.valueSelection[0], params.valueSelection[1]);
    else one.select();
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    const value = field.current!.value;
    answer(method === "window.showOpenDialog" && params.canSelectMany ? [value] : value);
  };
  const start = place ? (params.defaultUri ? pathOf(params.defaultUri) : workspace.value) : params.value ?? "";
  return (
    <form class="ask" onSubmit={submit}>
      <label for="line">{params.title || params.prompt || (place ? "Path" : "Value")}</label>
      <input id="line" ref={field} type={(params.password ? "password" : "text") as "text"} defaultValue={start} placeholder={params.placeHolder} autocomplete="off" spellcheck={false} />
      {params.validationMessage && <p class="wrong" role="alert">{params.validationMessage}</p>}
      {params.title && params.prompt && <p class="quiet">{params.prompt}</p>}
      <div class="buttons"><button class="primary">{params.openLabel ?? params.saveLabel ?? "OK"}</button><button type="button" onClick={() => answer(null)}>Cancel</button></div>
    </form>
  );
}

type Item = { label: string; description?: string; detail?: string; kind?: number; picked?: boolean; hint?: string };

/** A list to pick from while one types; answers with places in `items`. */
export function Pick({ items, title, placeholder, many, done, typed, value }: {
  items: Item[]; title?: string; placeholder?: string; many?: boolean; done: (indexes: number[]) => void; typed?: (value: string) => void; value?: string;
}) {
  const [text, setText] = useState(value ?? ""), [at, setAt] = useState(0);
  const [chosen, setChosen] = useState<Set<number>>(new Set(items.flatMap((one, index) => (one.picked ? [index] : []))));
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = items.map((one, index) => [one, index] as const)
    .filter(([one]) => typed || words.every((word) => `${one.label} ${one.description ?? ""} ${one.detail ?? ""}`.toLowerCase().includes(word))).slice(0, 200);
  const can = found.filter(([one]) => one.kind !== -1);
  const list = useRef<HTMLUListElement>(null), first = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => first.current?.focus(), []); // at once: who types on must not type elsewhere
  useEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }), [at, text]);
  const take = (index: number) => {
    if (!many) return done([index]);
    const next = new Set(chosen);
    if (!next.delete(index)) next.add(index);
    setChosen(next);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((at + (event.key === "ArrowDown" ? 1 : can.length - 1)) % Math.max(1, can.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (many && !(event.target as HTMLElement).closest("li")) done([...chosen].sort((a, b) => a - b));
      else if (can[at]) take(can[at]![1]);
    } else if (event.key === " " && many && !text && can[at]) {
      event.preventDefault();
      take(can[at]![1]);
    }
  };
  return (
    <div class="pick" onKeyDown={key}>
      {title && <h2>{title}</h2>}
      <input role="combobox" aria-expanded="true" aria-controls="picks" aria-label={placeholder || title || "Filter"} aria-activedescendant={can[at] ? `pick-${can[at]![1]}` : undefined}
        value={text} placeholder={placeholder} autocomplete="off" spellcheck={false} ref={first}
        onInput={(event) => (setText(event.currentTarget.value), setAt(0), typed?.(event.currentTarget.value))} />
      <ul id="picks" role="listbox" aria-label={title || "Choices"} aria-multiselectable={many} ref={list}>
        {found.map(([one, index]) => one.kind === -1 ? <li key={index} class="separator" role="presentation">{one.label}</li> : (
          <li key={index} id={`pick-${index}`} role="option" aria-selected={can[at]?.[1] === index} onClick={() => take(index)}>
            {many && <i class={`box ${chosen.has(index) ? "on" : ""}`} />}
            <span>{one.label.replace(/\$\([\w~-]+\)\s?/g, "")}</span>{one.description && <small>{one.description}</small>}{one.hint && <kbd>{one.hint}</kbd>}{one.detail && <p>{one.detail}</p>}
          </li>
        ))}
        {!found.length && <li class="separator" role="presentation">Nothing fits</li>}
      </ul>
      {many && <div class="buttons"><button class="primary" onClick={() => done([...chosen].sort((a, b) => a - b))}>OK</button></div>}
    </div>
  );
}

/** A quick pick or an input box that its extension changes while one types. */
function LiveInput() {
  const piece = quickInput.value!, { state, handle } = piece, hide = () => void call("window.quickInput.hide", { handle }).catch(() => {});
  const typed = (value: string) => void call("window.quickInput.changeValue", { handle, value }).catch(() => {});
  const accept = () => call("window.quickInput.accept", { handle }).catch((error) => notify(error.message, "error"));
  const wrong = typeof state.validationMessage === "string" ? state.validationMessage : state.validationMessage?.message;
  if (piece.kind === "inputBox")
    return (
      <Frame label={state.title || state.prompt || "Value"} close={hide}>
        <form class="ask" onSubmit={(event) => (event.preventDefault(), void accept())}>
          <label for="line">{state.title || state.prompt || "Value"}</label>
          <input id="line" type={(state.password ? "password" : "text") as "text"} defaultValue={state.value} placeholder={state.placeholder} disabled={!state.enabled} onInput={(event) => typed(event.currentTarget.value)} ref={(one) => one?.focus()} />
          {wrong && <p class="wrong" role="alert">{wrong}</p>}
          <div class="buttons"><button class="primary">OK</button><button type="button" onClick={hide}>Cancel</button></div>
        </form>
      </Frame>
    );
  const items: any[] = state.items ?? [];
  const done = async (indexes: number[]) => {
    const ids = indexes.map((one) => items[one].id);
    await call("window.quickInput.changeActive", { handle, items: ids.slice(0, 1) }).catch(() => {});
    await call("window.quickInput.changeSelection", { handle, items: ids }).catch(() => {});
    await accept();
  };
  return (
    <Frame label={state.title || state.placeholder || "Pick"} close={hide}>
      <Pick items={items} title={state.title} placeholder={state.placeholder} many={state.canSelectMany} value={state.value} typed={typed} done={done} />
    </Frame>
  );
}
