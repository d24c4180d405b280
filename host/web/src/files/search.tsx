// Search: names of files, and texts in them.
import { useEffect, useRef, useState } from "preact/hooks";
import { call, pathOf, relative } from "../host";
import { go } from "../router";

type Match = { uri: string; ranges: { start: { line: number } }[]; preview: string };

/** What was looked for and found stays while something else stands in its place. */
const kept = new Map<string, unknown>();
function useKept<T>(name: string, first: T): [T, (value: T) => void] {
  const [value, set] = useState<T>(kept.has(name) ? (kept.get(name) as T) : first);
  return [value, (next) => (kept.set(name, next), set(next))];
}

export function Search() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => (field.current?.focus(), field.current?.select()), []);
  const [text, setText] = useKept("text", ""), [regex, setRegex] = useKept("regex", false), [exact, setExact] = useKept("exact", false);
  const [found, setFound] = useKept<Map<string, Match[]> | null>("found", null), [said, setSaid] = useKept("said", ""), [busy, setBusy] = useState(false);
  const search = async (event: Event) => {
    event.preventDefault();
    if (!text) return;
    setBusy(true);
    setSaid("");
    try {
      const query = { pattern: text, isRegExp: regex, isCaseSensitive: exact };
      const { matches, limitHit } = await call("workspace.findTextInFiles", { query, maxResults: 1000 });
      const by = new Map<string, Match[]>();
      for (const one of matches) by.set(one.uri, [...(by.get(one.uri) ?? []), one]);
      setFound(by);
      setSaid(`${matches.length}${limitHit ? " or more" : ""} in ${by.size} file${by.size === 1 ? "" : "s"}`);
    } catch (error: any) {
      setFound(null);
      setSaid(error.message);
    }
    setBusy(false);
  };
  return (
    <form class="search" onSubmit={search}>
      <input aria-label="Search in files" placeholder="Search in files" value={text} onInput={(event) => setText(event.currentTarget.value)} ref={field} />
      <div class="choices">
        <label><input type="checkbox" checked={regex} onChange={() => setRegex(!regex)} /> pattern</label>
        <label><input type="checkbox" checked={exact} onChange={() => setExact(!exact)} /> case</label>
        <button disabled={busy}>{busy ? "Searching…" : "Search"}</button>
      </div>
      <p class="quiet" role="status">{said}</p>
      <div class="results">
        {[...(found ?? [])].map(([uri, all]) => (
          <details key={uri} open>
            <summary>{relative(pathOf(uri))} <small>{all.length}</small></summary>
            {all.slice(0, 100).map((one, index) => (
              <button key={index} type="button" class="plain hit" onClick={() => go("files", `${pathOf(uri).slice(1)}:${(one.ranges[0]?.start.line ?? 0) + 1}`)}>
                <small>{(one.ranges[0]?.start.line ?? 0) + 1}</small>{one.preview.trim().slice(0, 200)}
              </button>
            ))}
          </details>
        ))}
      </div>
    </form>
  );
}
