// Admin: is the host well, how shells are kept apart, who spent what, and budgets.
import { useEffect, useState } from "preact/hooks";
import { askText } from "./dialogs";
import { link, notify, rest, tell } from "./host";

const money = (value: number | null) => (value == null ? "no limit" : `$${value.toFixed(2)}`);

export function AdminScreen() {
  const [health, setHealth] = useState<any>(null), [spent, setSpent] = useState<any>(null), [wrong, setWrong] = useState("");
  const load = () => {
    void rest("GET", "api/health").then(setHealth, (error) => setHealth(error.data));
    void rest("GET", "api/v1/admin/usage").then(setSpent, (error) => setWrong(error.message));
  };
  useEffect(() => {
    load();
    const timer = setInterval(load, 10_000);
    return () => clearInterval(timer);
  }, []);
  const isolation = link.value?.opened.value?.isolation;
  const budget = async (uid: string) => {
    const given = await askText({ title: `Budget of a month for ${uid === "*" ? "everybody" : uid}, in USD`, prompt: "Empty: what the configuration says" });
    if (given === null) return;
    await rest("PUT", `api/v1/admin/budgets/${encodeURIComponent(uid)}`, given.trim() ? { month: Number(given) } : {}).then(() => notify("It counts from the next call on."), tell);
    load();
  };
  return (
    <div class="page">
      <header><h1>Admin</h1><span class="gap" /><a class="button" href="metrics">Metrics</a><a class="button" href="docs">Reference</a></header>
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
      <h2>Health</h2>
      <ul class="lines">{health && Object.entries<string>(health.services ?? {}).map(([name, state]) => <li key={name}><i class={`state ${state === "failed" ? "failed" : "completed"}`} /><b>{name}</b><span class="gap" /><small>{state}</small></li>)}</ul>
      {isolation && <p class="quiet">Shells: {isolation.level}{isolation.terminals ? "" : ", no terminals"}; network: {isolation.network}. All share one kernel, and extensions are code that you installed and trust.</p>}
      <h2>Spent {spent && <small>in {spent.month}</small>}</h2>
      {spent && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Spent by user">
          <table><thead><tr><th scope="col">user</th><th scope="col">cost</th><th scope="col">budget</th></tr></thead><tbody>
            <tr><th scope="row">everybody</th><td>${spent.host.used.toFixed(2)} of {money(spent.host.limit)}</td><td><button class="plain" onClick={() => void budget("*")}>set</button></td></tr>
            {spent.users.map((one: any) => <tr key={one.uid}><th scope="row">{one.uid}</th><td>${one.cost.toFixed(4)}</td><td><button class="plain" onClick={() => void budget(one.uid)}>set</button></td></tr>)}
          </tbody></table>
        </div>
      )}
    </div>
  );
}
