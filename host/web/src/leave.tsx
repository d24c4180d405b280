// What the agent may do unasked: a row for each kind of act, the user's choice beside what the operator laid down above it.
import { useEffect, useState } from "preact/hooks";
import { TakeIn } from "./exchange";
import { type Ceiling, me, relative, rest, tell, workspace } from "./host";
import { Icon } from "./icons";
import { ofAgent } from "./settings";

type Settings = Record<string, any>;
type Row = { setting: string; title: string; says: string; below?: string; lock?: (ceiling: Ceiling) => string; note?: (ceiling: Ceiling) => string };

const outside = ({ allowedPaths }: Ceiling) => (allowedPaths && allowedPaths.every((one) => one === workspace.value || relative(one) !== one) ? `The operator allows agents ${allowedPaths.join(", ")} only (security.file_access.allowed_paths).` : "");
const closed = ({ deniedPaths }: Ceiling) => (deniedPaths.length ? `Never: ${deniedPaths.join(", ")} (security.file_access.denied_paths).` : "");
const ROWS: Row[] = [
  { setting: "alwaysAllowReadOnly", title: "Read files", says: "in the workspace", note: closed },
  { setting: "alwaysAllowReadOnlyOutsideWorkspace", title: "Read outside", says: "of the workspace, too", below: "alwaysAllowReadOnly", lock: outside },
  { setting: "alwaysAllowWrite", title: "Write files", says: "in the workspace: edit, create, delete", note: closed },
  { setting: "alwaysAllowWriteOutsideWorkspace", title: "Write outside", says: "of the workspace, too", below: "alwaysAllowWrite", lock: outside },
  { setting: "alwaysAllowWriteProtected", title: "Write protected files", says: "those that steer the agent or the editor, such as .roo and .vscode", below: "alwaysAllowWrite" },
  {
    setting: "alwaysAllowExecute", title: "Run commands", says: "that begin as the list below says",
    lock: ({ allowedCommands }) => (allowedCommands?.length === 0 ? "The operator lets no command run unasked (security.allowed_commands)." : ""),
    note: ({ allowedCommands, deniedCommands }) => [allowedCommands?.length && `Unasked at most: ${allowedCommands.join(", ")} (security.allowed_commands).`, deniedCommands.length && `Never: ${deniedCommands.join(", ")} (security.denied_commands).`].filter(Boolean).join(" "),
  },
  { setting: "alwaysAllowBrowser", title: "Use the browser", says: "open, click, type, look" },
  { setting: "alwaysAllowWeb", title: "Fetch pages", says: "of the internet, through the host's guard" },
  { setting: "alwaysAllowMcp", title: "Call tools", says: "of MCP servers and extensions that the list below names" },
  { setting: "alwaysAllowModeSwitch", title: "Switch modes", says: "such as from planning to code" },
  { setting: "alwaysAllowSubtasks", title: "Begin subtasks", says: "each asks for itself" },
  { setting: "alwaysAllowFollowupQuestions", title: "Answer its questions", says: "with its first suggestion, after the wait below" },
];

export function Leave() {
  const [now, setNow] = useState<Settings | null>(null), [wrong, setWrong] = useState("");
  const load = () => ofAgent("api/v1/autoapprove").then(setNow, (error) => setWrong(error.message));
  useEffect(() => void load(), []);
  const take = async (text: string) => {
    const { taken, leftOut } = await rest("POST", "api/v1/autoapprove/import", { settings: parsed(text) });
    await load();
    return { done: taken.length ? `Imported ${taken.join(", ")}.` : "Nothing of it is a setting here.", leftOut };
  };
  const put = (values: Settings) => {
    const before = now;
    setNow({ ...now, ...values });
    void rest("PUT", "api/v1/autoapprove", values).then((one) => one && typeof one === "object" && "autoApprovalEnabled" in one && setNow(one), (error) => (setNow(before), tell(error)));
  };
  if (wrong) return <p class="empty">{wrong}</p>;
  if (!now) return <div class="loading" aria-busy="true" />;
  const ceiling = me.value?.ceiling ?? { allowedCommands: null, deniedCommands: [], allowedPaths: null, deniedPaths: [] }, on = now.autoApprovalEnabled === true;
  return (
    <>
      <h2>What the agent does without asking</h2>
      <label class="master"><input type="checkbox" checked={on} onChange={(event) => put({ autoApprovalEnabled: event.currentTarget.checked })} /><span><b>Let it do some things unasked</b><small>{on ? "It does what is allowed here, and asks for all else." : "It asks for everything. What is chosen below counts once this is on."}</small></span></label>
      <div class="scroll" tabIndex={0} role="region" aria-label="What needs no asking">
        <table class={`matrix ${on ? "" : "off"}`}>
          <thead><tr><th scope="col">it may…</th><th scope="col">ask</th><th scope="col">allow</th><th scope="col">never</th></tr></thead>
          <tbody>{ROWS.map((row) => <Line key={row.setting} row={row} now={now} ceiling={ceiling} put={put} />)}</tbody>
        </table>
      </div>
      <Lines label="Commands that may run unasked" hint="How each begins, word by word, one a line; * is all" value={now.allowedCommands} put={(all) => put({ allowedCommands: all })} />
      <Lines label="Commands that never run" hint="How each begins, one a line" value={now.deniedCommands} locked={ceiling.deniedCommands} put={(all) => put({ deniedCommands: all })} />
      <Lines label="Tools that may be called unasked" hint="By name, one a line" value={now.allowedMcpTools} put={(all) => put({ allowedMcpTools: all })} />
      <div class="fields">
        <Amount label="Requests before it asks whether to go on" hint="0: no limit" value={now.allowedMaxRequests} step={1} put={(value) => put({ allowedMaxRequests: value })} />
        <Amount label="Cost of a task before it asks, in USD" hint="0: no limit; budgets of the host count besides" value={now.allowedMaxCost} step={0.5} put={(value) => put({ allowedMaxCost: value })} />
        <Amount label="Seconds before a question is answered by itself" hint="at least 1" value={now.followupAutoApproveTimeoutMs == null ? null : now.followupAutoApproveTimeoutMs / 1000} least={1} step={1} put={(value) => put({ followupAutoApproveTimeoutMs: Math.round(value * 1000) })} />
      </div>
      <h2>Import <small>the settings that Roo Code exports; its keys and models are not read</small></h2>
      <TakeIn label="Import settings…" accept=".json" take={take} />
    </>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error: any) {
    throw new Error(`The file is no JSON: ${error.message}.`);
  }
}

function Line({ row, now, ceiling, put }: { row: Row; now: Settings; ceiling: Ceiling; put: (values: Settings) => void }) {
  const lock = row.lock?.(ceiling) ?? "", note = lock || row.note?.(ceiling) || "", allowed = now[row.setting] === true && !lock;
  const vain = row.below && allowed && now[row.below] !== true ? `Counts only with “${ROWS.find((one) => one.setting === row.below)!.title}”.` : "";
  const choice = (value: boolean, title: string) => (
    <td><label class="pick-one"><input type="radio" name={row.setting} aria-label={`${row.title}: ${title}`} checked={allowed === value} disabled={!!lock} onChange={() => put({ [row.setting]: value })} /></label></td>
  );
  return (
    <tr class={row.below ? "below" : undefined}>
      <th scope="row"><b>{row.title}</b> <small>{row.says}</small>{(note || vain) && <p>{note}{note && vain ? " " : ""}{vain}</p>}</th>
      {choice(false, "ask")}
      {lock ? <td class="locked"><span title={lock}><Icon name="lock" size={14} /><span class="unseen">locked: {lock}</span></span></td> : choice(true, "allow")}
      <td class="locked">{lock || note ? <span title={note}><Icon name="lock" size={14} /><span class="unseen">by the operator: {note}</span></span> : <span class="quiet">–</span>}</td>
    </tr>
  );
}

function Lines({ label, hint, value, locked, put }: { label: string; hint: string; value: string[] | null; locked?: string[]; put: (all: string[]) => void }) {
  const id = label.toLowerCase().replace(/\W+/g, "-");
  return (
    <div class="field array"><label for={id}>{label}</label>
      <div><textarea id={id} rows={Math.min(8, Math.max(2, (value ?? []).length + 1))} spellcheck={false} value={(value ?? []).join("\n")} onChange={(event) => put(event.currentTarget.value.split("\n").map((one) => one.trim()).filter(Boolean))} />
        {locked && locked.length > 0 && <p class="locked"><Icon name="lock" size={12} /> and by the operator: {locked.map((one) => <code key={one}>{one}</code>)}</p>}</div>
      <p>{hint}</p></div>
  );
}

function Amount({ label, hint, value, step, least = 0, put }: { label: string; hint: string; value: number | null; step: number; least?: number; put: (value: number) => void }) {
  const id = label.toLowerCase().replace(/\W+/g, "-");
  return <div class="field number"><label for={id}>{label}</label><input id={id} type="number" min={least} step={step} value={value ?? 0} onChange={(event) => event.currentTarget.checkValidity() && put(Number(event.currentTarget.value || least))} /><p>{hint}</p></div>;
}
