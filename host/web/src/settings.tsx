// Settings: keys of models (in, never out), what the agent may do by itself, modes, and what extensions can be told.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { askYes } from "./dialogs";
import { call, notify, rest, tell } from "./host";
import { Icon } from "./icons";
import { Leave } from "./leave";
import { theme } from "./looks";
import { Modes } from "./modes";
import { hasAgent } from "./session/store";

type Provider = { id: string; kind: string; source: string; apiKey: string | null; baseUrl: string | null; models: string[] };
const PAGES = [["models", "Models and keys"], ["leave", "What needs no asking"], ["modes", "Modes"], ["editor", "Editor"], ["extensions", "Extensions"], ["looks", "Looks"]] as const;
const page = signal<(typeof PAGES)[number][0]>("models");

export function SettingsScreen() {
  return (
    <div class="page settings">
      <header><h1>Settings</h1></header>
      <div class="two">
        <nav aria-label="Settings">{PAGES.map(([name, title]) => <button key={name} class="plain" aria-current={page.value === name ? "page" : undefined} onClick={() => (page.value = name)}>{title}</button>)}</nav>
        <div>{page.value === "models" ? <Models /> : page.value === "leave" ? <Leave /> : page.value === "modes" ? <Modes /> : page.value === "editor" ? <EditorSettings /> : page.value === "extensions" ? <Extensions /> : <Looks />}</div>
      </div>
    </div>
  );
}

function Models() {
  const [all, setAll] = useState<Provider[]>([]), [models, setModels] = useState<any[]>([]), [edited, setEdited] = useState<string | null>(null);
  const load = () => {
    void rest("GET", "api/v1/config/providers").then((one) => setAll(one.providers), tell);
    void call("lm.selectChatModels", {}).then(setModels).catch(() => {});
  };
  useEffect(load, []);
  const forget = async (one: Provider) => {
    if (await askYes(`Forget ${one.id} and its key?`, "Forget")) await rest("DELETE", `api/v1/config/providers/${one.id}`).then(load, tell);
  };
  return (
    <>
      <h2>Providers</h2>
      <p class="quiet">A key goes in and never comes out: it is sealed, tried before it is kept, and not shown again.</p>
      <ul class="lines">{all.map((one) => (
        <li key={one.id}><b>{one.id}</b><small>{one.kind}{one.baseUrl ? ` · ${one.baseUrl}` : ""}</small><span class="gap" /><small>{{ user: "yours", host: "the host's", "built-in": "built in, scripted" }[one.source]}{one.apiKey ? " · key kept" : ""}</small>
          {one.source === "user" && <><button class="plain" onClick={() => setEdited(one.id)}>Change</button><button class="plain" aria-label={`Forget ${one.id}`} onClick={() => void forget(one)}><Icon name="trash" size={14} /></button></>}</li>
      ))}</ul>
      {edited === null ? <button onClick={() => setEdited("")}><Icon name="plus" size={14} /> Add a provider</button> : <ProviderForm key={edited} known={all.find((one) => one.id === edited)} done={() => (setEdited(null), load())} />}
      <h2>Models</h2>
      <ul class="lines">{models.map((one) => <li key={one.id}><b>{one.name}</b><small>{one.id}</small><span class="gap" /><small>{one.maxInputTokens.toLocaleString()} tokens{one.price ? ` · $${one.price.input} in, $${one.price.output} out per million` : ""}</small></li>)}</ul>
    </>
  );
}

function ProviderForm({ known, done }: { known?: Provider; done: () => void }) {
  const [kind, setKind] = useState(known?.kind ?? "anthropic"), [id, setId] = useState(known?.id ?? ""), [key, setKey] = useState(""), [baseUrl, setBaseUrl] = useState(known?.baseUrl ?? ""), [wrong, setWrong] = useState(""), [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await rest("PUT", `api/v1/config/providers/${encodeURIComponent(id || kind)}`, { kind, ...(key ? { apiKey: key } : {}), ...(baseUrl ? { baseUrl } : {}), test: true });
      notify(`${id || kind} answered, and is kept.`);
      done();
    } catch (error: any) {
      setWrong(error.message);
      setBusy(false);
    }
  };
  return (
    <form class="form" onSubmit={submit}>
      <label>Kind<select value={kind} disabled={!!known} onChange={(event) => setKind(event.currentTarget.value)}>{["anthropic", "openai", "gemini", "ollama"].map((one) => <option key={one}>{one}</option>)}</select></label>
      <label>Name<input value={id} placeholder={kind} disabled={!!known} onInput={(event) => setId(event.currentTarget.value)} /></label>
      <label>Key<input type="password" autocomplete="off" value={key} placeholder={known?.apiKey ? "kept as it is" : kind === "ollama" ? "none needed" : ""} onInput={(event) => setKey(event.currentTarget.value)} /></label>
      <label>Address<input type="url" value={baseUrl} placeholder="the provider's own" onInput={(event) => setBaseUrl(event.currentTarget.value)} /></label>
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
      <div class="buttons"><button class="primary" disabled={busy}>{busy ? "Trying it…" : "Try and keep"}</button><button type="button" onClick={done}>Cancel</button></div>
    </form>
  );
}

export async function ofAgent(path: string): Promise<any> {
  if (!(await hasAgent())) throw new Error("The coding agent is not installed on this host.");
  return rest("GET", path);
}

/** The user's settings, and how to change one of them. */
function useSettings(): { at: (key: string) => any; put: (key: string, value: unknown) => void } {
  const [values, setValues] = useState<any>({}), read = () => call("workspace.getConfiguration", {}).then(setValues);
  useEffect(() => void read().catch(tell), []);
  return {
    at: (key) => key.split(".").reduce((value: any, part) => value?.[part], values),
    put: (key, value) => void call("workspace.updateConfiguration", { key, value, target: "global" }).then(read).catch(tell),
  };
}

const TICKED = { type: "boolean" };
/** The settings of VS Code's that mean something to an editor here. */
const OF_THE_EDITOR: [string, Record<string, any>][] = [
  ["How a text is shown", {
    "editor.fontSize": { type: "number", minimum: 6, maximum: 100 }, "editor.fontFamily": { type: "string" }, "editor.wordWrap": { enum: ["off", "on", "wordWrapColumn", "bounded"], description: "Whether long lines go on below." },
    "editor.wordWrapColumn": { type: "number", minimum: 1 }, "editor.rulers": { type: "array", description: "Columns to draw a line at, one below the other." },
  }],
  ["How it is indented", { "editor.detectIndentation": { ...TICKED, description: "As the file looks, where that can be told." }, "editor.insertSpaces": TICKED, "editor.tabSize": { type: "number", minimum: 1, maximum: 100 } }],
  ["When it is saved", {
    "files.autoSave": { enum: ["off", "afterDelay", "onFocusChange", "onWindowChange"] }, "files.autoSaveDelay": { type: "number", minimum: 100, description: "Milliseconds after the last key." },
    "editor.formatOnSave": { ...TICKED, description: "Where an extension formats the language." }, "editor.formatOnType": TICKED, "files.trimTrailingWhitespace": TICKED, "files.insertFinalNewline": TICKED, "files.trimFinalNewlines": TICKED,
  }],
  ["Files", {
    "files.encoding": { type: "string", description: "Of files that do not say theirs, and of new ones: utf8, utf8bom, windows1252, shiftjis, …" }, "files.eol": { enum: ["auto", "\n", "\r\n"], description: "How lines of new files end." },
    "files.associations": { type: "object", description: "The languages of files, as JSON: {\"*.tpl\": \"html\"}" },
  }],
];

function EditorSettings() {
  const { at, put } = useSettings();
  return (
    <>
      <p class="quiet">For all your files. A project's own are in its <code>.vscode/settings.json</code>, also for one language: <code>"[python]": {"{"} "editor.tabSize": 4 {"}"}</code>.</p>
      {OF_THE_EDITOR.map(([title, fields]) => (
        <section key={title}><h2>{title}</h2><div class="fields">{Object.entries(fields).map(([key, schema]) => <Field key={key} name={key} value={at(key)} schema={schema} put={(value) => put(key, value)} />)}</div></section>
      ))}
    </>
  );
}

function Extensions() {
  const [all, setAll] = useState<any[]>([]), { at, put } = useSettings();
  useEffect(() => void rest("GET", "api/v1/extensions").then((one) => setAll(one.extensions), tell), []);
  return (
    <>
      {!all.length && <p class="empty">No extension is installed.</p>}
      {all.map((one) => (
        <section key={one.id}>
          <h2>{one.name} <small>{one.id} {one.version}{one.disabled && " · disabled"}</small></h2>
          {one.description && <p class="quiet">{one.description}</p>}
          {[one.contributes.configuration ?? []].flat().map((group: any, index: number) => (
            <div key={index} class="fields">{Object.entries<any>(group.properties ?? {}).map(([key, schema]) => <Field key={key} name={key} value={at(key)} schema={schema} put={(value) => put(key, value)} />)}</div>
          ))}
        </section>
      ))}
    </>
  );
}

function Field({ name, value, schema, put }: { name: string; value: any; schema: any; put: (value: unknown) => void }) {
  const id = `field-${name}`, kind = [schema.type].flat().find((one: string) => one !== "null");
  const input = schema.enum ? (
    <select id={id} value={JSON.stringify(value)} onChange={(event) => put(JSON.parse(event.currentTarget.value))}>{schema.enum.map((one: any) => <option key={one} value={JSON.stringify(one)}>{/\s/.test(one) ? JSON.stringify(one).slice(1, -1) : String(one)}</option>)}</select>
  ) : kind === "boolean" ? (
    <input id={id} type="checkbox" checked={!!value} onChange={(event) => put(event.currentTarget.checked)} />
  ) : kind === "number" || kind === "integer" ? (
    <input id={id} type="number" min={schema.minimum} max={schema.maximum} value={value ?? ""} onChange={(event) => put(event.currentTarget.value === "" ? null : Number(event.currentTarget.value))} />
  ) : kind === "string" ? (
    <input id={id} value={value ?? ""} onChange={(event) => put(event.currentTarget.value)} />
  ) : (
    <textarea id={id} rows={3} defaultValue={kind === "array" && (value ?? []).every((one: any) => typeof one === "string") ? (value ?? []).join("\n") : JSON.stringify(value, null, 1)} onChange={(event) => {
      const text = event.currentTarget.value;
      try {
        put(kind === "array" && !/^\s*\[/.test(text) ? text.split("\n").filter(Boolean) : JSON.parse(text));
      } catch {
        notify(`${name}: must be JSON`, "error");
      }
    }} />
  );
  return <div class={`field ${kind}`}><label for={id}>{name.replace(/^[^.]*\./, "").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()}</label>{input}{schema.description && <p>{schema.description}</p>}</div>;
}

function Looks() {
  return <><h2>Looks</h2><div class="choice" role="group" aria-label="Theme">{(["system", "light", "dark"] as const).map((one) => <button key={one} aria-pressed={theme.value === one} onClick={() => (theme.value = one)}>{one}</button>)}</div></>;
}
