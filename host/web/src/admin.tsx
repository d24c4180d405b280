// Admin: who is here and who ever was, what they may have and spend, is the host well, and what keeps users apart.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Allot, type Deed, limit, plain, size, told, whom } from "./allot";
import { askText, askYes } from "./dialogs";
import { link, me, notify, rest, tell } from "./host";
import { Icon } from "./icons";

type Session = { uid: string; clients: number; busy: boolean; idleSeconds: number; terminals: { name: string; ended: boolean }[]; processes: number; memoryBytes: number };
type Seen = { uid: string; seen: number; open: boolean; quotas: Record<string, number | null>; bytes: number | null; files: number | null };
type About = { multiUser: boolean; isolation: { level: string; network: string; promise: string; gaps: string[]; reason: string }; quotas: Record<string, number | null>; memoryBytes: number };

const LOOK_MS = 10_000;
const money = (value: number | null) => (value == null ? "no limit" : `$${value.toFixed(2)}`);
const ago = (ms: number) => {
  const s = Math.max(0, (Date.now() - ms) / 1000);
  return s < 90 ? "now" : s < 5400 ? `${Math.round(s / 60)} min ago` : s < 172800 ? `${Math.round(s / 3600)} h ago` : new Date(ms).toLocaleDateString();
};
const changes = signal(0); // what was changed from here: everything is looked at again

function useLooked<T>(path: string): [T | null, string] {
  const [found, setFound] = useState<T | null>(null), [wrong, setWrong] = useState(""), status = link.value?.status.value, after = changes.value;
  useEffect(() => {
    const look = () => void rest("GET", path).then((one) => (setFound(one), setWrong("")), (error) => (error.data?.services ? setFound(error.data) : setWrong(error.message)));
    look();
    const timer = setInterval(() => !document.hidden && look(), LOOK_MS);
    return () => clearInterval(timer);
  }, [path, status, after]);
  return [found, wrong];
}

export function AdminScreen() {
  const [health, sick] = useLooked<{ services: Record<string, string> }>("api/health"), [about] = useLooked<About>("api/v1/admin/host");
  return (
    <div class="page admin">
      <header><h1>Admin</h1><span class="gap" /><a class="button" href="metrics">Metrics</a><a class="button" href="docs">Reference</a></header>
      {sick && <p class="wrong" role="alert">{sick}</p>}
      <ul class="health" aria-label="Health">
        {health && Object.entries(health.services ?? {}).map(([name, state]) => <li key={name}><i class={`state ${state === "failed" ? "failed" : state === "off" ? (about?.multiUser ? "asks" : "") : "completed"}`} /><b>{plain(name)}</b><small>{state}</small></li>)}
        {about && <li><i class="state completed" /><b>memory of the host</b><small>{size(about.memoryBytes)}</small></li>}
      </ul>
      <Sessions />
      <Users about={about} />
      <Spent />
      <Deeds />
      {about && <Isolation about={about} />}
    </div>
  );
}

function Sessions() {
  const [found, wrong] = useLooked<{ sessions: Session[] }>("api/v1/admin/sessions");
  const evict = async (one: Session) => {
    const own = one.uid === me.value?.uid, runs = one.terminals.filter((each) => !each.ended).length;
    const end = [one.busy && "running work", runs && `${runs} terminal${runs > 1 ? "s" : ""}`].filter(Boolean).join(" and ");
    if (!(await askYes(`End ${own ? "your own" : `${one.uid}'s`} session${end ? ` with its ${end}` : ""}? What is stored stays; the next message opens a new one.`, "End it"))) return;
    await rest("DELETE", `api/v1/admin/sessions/${encodeURIComponent(one.uid)}`).then(() => notify(`The session of ${one.uid} has ended.`), tell);
    changes.value++;
  };
  return (
    <>
      <h2>Sessions <small>open now</small></h2>
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
      <Table label="Sessions" heads={["user", "clients", "terminals", "processes", "their memory", "state", ""]} wait={!found} none="Nobody is here.">
        {found?.sessions.map((one) => (
          <tr key={one.uid}><th scope="row">{one.uid}</th><td>{one.clients}</td><td title={one.terminals.map((each) => each.name).join(", ")}>{one.terminals.filter((each) => !each.ended).length}</td><td>{one.processes}</td><td>{one.processes ? size(one.memoryBytes) : "–"}</td>
            <td>{one.busy ? "works" : one.clients ? "looks on" : `idle ${Math.round(one.idleSeconds)} s`}</td><td><button class="plain" aria-label={`End the session of ${one.uid}`} onClick={() => void evict(one)}>End…</button></td></tr>
        ))}
      </Table>
    </>
  );
}

function Users({ about }: { about: About | null }) {
  const [allotting, setAllotting] = useState(""), [found, wrong] = useLooked<{ users: Seen[]; more: boolean }>("api/v1/admin/users"), [open, setOpen] = useState("");
  return (
    <>
      <h2>Users <small>seen so far</small></h2>
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
      <Table label="Users" heads={["user", "seen", "files", "disk", "limits"]} wait={!found} none="Nobody was here yet.">
        {found?.users.map((one) => {
          const own = Object.entries(one.quotas).filter(([name, value]) => about && about.quotas[name] !== value);
          const isOpen = open === one.uid;
          return [
            <tr key={one.uid}><th scope="row"><i class={`state ${one.open ? "completed" : ""}`} role="img" aria-label={one.open ? "here" : "away"} /> {one.uid}</th><td>{ago(one.seen)}</td><td>{one.files ?? "–"}</td>
              <td>{one.bytes == null ? "–" : `${size(one.bytes)} of ${limit("bytes", one.quotas.bytes ?? null)}`}</td>
              <td>{own.length ? own.map(([name, value]) => `${plain(name)}: ${limit(name, value)}`).join(", ") : "everybody's"}
                <button class="plain" aria-expanded={isOpen} aria-label={`All limits of ${one.uid}`} onClick={() => setOpen(isOpen ? "" : one.uid)}><Icon name="chevron" size={12} /></button></td></tr>,
            isOpen && <tr key={`${one.uid} limits`}><td class="wrap" colSpan={5}><Limits all={one.quotas} /><button onClick={() => setAllotting(one.uid)}>Change the limits of {one.uid}…</button></td></tr>,
          ];
        })}
      </Table>
      {found?.more && <p class="quiet">And more, who were here longer ago.</p>}
      {about && <details class="more"><summary>Everybody's limits</summary><Limits all={about.quotas} /><p class="quiet">The configuration says <code>quotas</code> for everybody and <code>users.&lt;uid&gt;.quotas</code> for one; what is set here counts before it.</p><button onClick={() => setAllotting("*")}>Change everybody's limits…</button></details>}
      {allotting && <Allot uid={allotting} done={(isOther) => (setAllotting(""), isOther && changes.value++)} />}
    </>
  );
}

const Limits = ({ all }: { all: Record<string, number | null> }) => <dl class="limits">{Object.entries(all).map(([name, value]) => <div key={name}><dt>{plain(name)}</dt><dd>{limit(name, value)}</dd></div>)}</dl>;

function Spent() {
  const [spent, wrong] = useLooked<any>("api/v1/admin/usage");
  const budget = async (uid: string) => {
    const given = await askText({ title: `Budget of a month for ${uid === "*" ? "everybody" : uid}, in USD`, prompt: "Empty: what the configuration says" });
    if (given === null) return;
    if (given.trim() && !(Number(given) >= 0)) return notify(`${given}: must be an amount of USD, such as 20 or 7.50`, "error");
    await rest("PUT", `api/v1/admin/budgets/${encodeURIComponent(uid)}`, given.trim() ? { month: Number(given) } : {}).then(() => notify("It counts from the next call on."), tell);
    changes.value++;
  };
  return (
    <>
      <h2>Spent {spent && <small>in {spent.month}</small>}</h2>
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
      <Table label="Spent by user" heads={["user", "cost", ""]} wait={!spent} none="">
        {spent && [
          <tr key="*"><th scope="row">everybody</th><td>${spent.host.used.toFixed(2)} of {money(spent.host.limit)}</td><td><button class="plain" aria-label="Set everybody's budget" onClick={() => void budget("*")}>Budget…</button></td></tr>,
          ...spent.users.map((one: any) => <tr key={one.uid}><th scope="row">{one.uid}</th><td>${one.cost.toFixed(4)}</td><td><button class="plain" aria-label={`Set the budget of ${one.uid}`} onClick={() => void budget(one.uid)}>Budget…</button></td></tr>),
        ]}
      </Table>
    </>
  );
}

function Deeds() {
  const [found, wrong] = useLooked<{ deeds: Deed[] }>("api/v1/admin/audit?limit=50");
  return (
    <>
      <h2>Changes <small>by administrators</small></h2>
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
      <Table label="Changes" words heads={["when", "by", "whose", "what"]} wait={!found} none="Nobody has changed anything.">
        {found?.deeds.map((one, index) => <tr key={`${one.time} ${index}`}><td>{ago(one.time)}</td><td>{one.by}</td><th scope="row">{whom(one.uid)}</th><td class="wrap">{told(one)}</td></tr>)}
      </Table>
    </>
  );
}

function Isolation({ about: { isolation, multiUser } }: { about: About }) {
  return (
    <>
      <h2>What keeps users apart</h2>
      <p><b>{isolation.level}</b>, network: {isolation.network}. {isolation.promise}</p>
      {isolation.reason && <p class="wrong">{isolation.reason}</p>}
      <h3>What it does not protect</h3>
      <ul class="gaps">
        {isolation.gaps.map((one) => <li key={one}>{one}</li>)}
        <li>Extensions are code that the operator installed: they are trusted as the host itself is.</li>
        {!multiUser && <li>You are the only user here: what runs, runs as you.</li>}
      </ul>
    </>
  );
}

function Table({ label, heads, children, wait, none, words }: { label: string; heads: string[]; children: any; wait: boolean; none: string; words?: boolean }) {
  if (wait) return <p class="quiet" aria-busy="true">Looking…</p>;
  if (none && Array.isArray(children) && !children.length) return <p class="quiet">{none}</p>;
  return <div class="scroll" tabIndex={0} role="region" aria-label={label}><table class={words ? "words" : undefined}><thead><tr>{heads.map((one, index) => <th key={index} scope="col">{one || <span class="unseen">do</span>}</th>)}</tr></thead><tbody>{children}</tbody></table></div>;
}
