// What an administrator gives: the limits of one user or of everybody, and the list of who gave what, and when.
import { useEffect, useState } from "preact/hooks";
import { Frame } from "./dialogs";
import { notify, rest } from "./host";

export type Limits = Record<string, number | null>;
type Allotted = { uid: string; set: Limits; effective: Limits };
export type Deed = { time: number; by: string; what: string; uid: string; before: any; after: any };

const UNITS: Record<string, number> = { "": 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 };
const sized = (name: string) => /^(bytes|memory)$/.test(name);

export const plain = (name: string) => name.replace(/_/g, " ").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
export const size = (bytes: number | null) => (bytes == null ? "–" : bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : bytes >= 2 ** 20 ? `${(bytes / 2 ** 20).toFixed(0)} MiB` : `${Math.ceil(bytes / 1024)} KiB`);
export const limit = (name: string, value: number | null | undefined) => (value == null ? "no limit" : sized(name) ? size(value) : value.toLocaleString());
export const whom = (uid: string) => (uid === "*" ? "everybody" : uid);

/** As it is typed: what `read` reads again, to the byte. */
function written(name: string, value: number | null): string {
  if (value === null) return "none";
  const unit = sized(name) && value ? ["GiB", "MiB", "KiB"].find((one) => value % UNITS[one.toLowerCase()]! === 0) : "";
  return unit ? `${value / UNITS[unit.toLowerCase()]!} ${unit}` : String(value);
}

function read(name: string, text: string): number | null {
  if (/^none$/i.test(text)) return null;
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? [], factor = UNITS[unit.toLowerCase()];
  if (!digits || factor === undefined || (unit && !sized(name)) || (!sized(name) && digits.includes(".")))
    throw new Error(`${plain(name)}: must be ${sized(name) ? "a size such as 500 MB or 10 GiB" : "a whole number"}, “none” for no limit, or empty for what the configuration says`);
  return Math.round(Number(digits) * factor);
}

export function Allot({ uid, done }: { uid: string; done: (changed: boolean) => void }) {
  const path = `api/v1/admin/quotas/${encodeURIComponent(uid)}`, [found, setFound] = useState<Allotted | null>(null), [wrong, setWrong] = useState(""), [busy, setBusy] = useState(false);
  useEffect(() => void rest("GET", path).then(setFound, (error) => setWrong(error.message)), [path]);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const said = new FormData(event.currentTarget as HTMLFormElement), limits: Limits = {};
    try {
      for (const [name, text] of said) if (String(text).trim()) limits[name] = read(name, String(text).trim());
      setBusy(true);
      await rest("PUT", path, limits);
      notify(`The limits of ${whom(uid)} count from now on.`);
      done(true);
    } catch (error: any) {
      setWrong(error.message);
    } finally {
      setBusy(false);
    }
  };
  const [own, processes] = [found?.set ?? {}, uid === "*" ? "sessions" : "session"];
  return (
    <Frame label={`Limits of ${whom(uid)}`} close={() => done(false)} wide>
      <form class="ask allot" onSubmit={(event) => void save(event)} noValidate>
        <h2>Limits of {whom(uid)}</h2>
        {found ? (
          <div class="fields">
            {Object.entries(found.effective).map(([name, value], index) => (
              <label key={name}>{plain(name)}<input name={name} defaultValue={name in own ? written(name, own[name]!) : ""} placeholder={name in own ? "as configured" : limit(name, value)} autocomplete="off" spellcheck={false} autofocus={!index} /></label>
            ))}
          </div>
        ) : !wrong && <p class="quiet" aria-busy="true">Looking…</p>}
        <p class="quiet">Empty: what the configuration says{uid === "*" ? "" : ", for this user or for everybody"}. “none”: no limit. What they have stays; what their processes may take counts from the next {processes} on.</p>
        {wrong && <p class="wrong" role="alert">{wrong}</p>}
        <div class="buttons"><button class="primary" disabled={!found || busy}>Save</button><button type="button" onClick={() => done(false)}>Cancel</button></div>
      </form>
    </Frame>
  );
}

/** One deed in words: what is other than it was. */
export function told({ what, before, after }: Deed): string {
  if (what === "provider") return `provider ${(after ?? before).id} ${!before ? "added" : after ? "changed" : "removed"}`;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].filter((name) => (before ?? {})[name] !== (after ?? {})[name]);
  const shown = (name: string, of: any) => (!of || !(name in of) ? "as configured" : what === "budgets" ? (of[name] == null ? "no limit" : `$${of[name]}`) : limit(name, of[name]));
  return [what, names.map((name) => `${plain(name)} ${shown(name, before)} → ${shown(name, after)}`).join(", ")].filter(Boolean).join(": ");
}
