// Search: texts in files, and other texts in their place.
import { useEffect, useRef } from "preact/hooks";
import { relative } from "../host";
import { Icon } from "../icons";
import { go } from "../router";
import { replace, replaced, undoAll, working } from "./replace";
import { expanded } from "./replacement";
import { asked, count, counted, found, opened, running, said, search, searched, stop, wrong, type Hit } from "./searching";
import { dirty } from "./texts";

const SHOWN = 100, FILES = 200, BEFORE = 26, LONGEST = 200;
const TOGGLES = [["isCase", "Match case", "Aa", "c"], ["isWord", "Match whole word", "ab", "w"], ["isRegex", "Use a regular expression", ".*", "r"]] as const;

export function Search() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => (field.current?.focus(), field.current?.select()), []);
  const { text, include, exclude, replacement } = asked.value, { replace: isReplacing, globs } = opened.value, isBusy = !!running.value || !!working.value;
  const set = (more: Partial<typeof asked.value>) => (asked.value = { ...asked.value, ...more });
  const open = (more: Partial<typeof opened.value>) => (opened.value = { ...opened.value, ...more });
  const toggle = (name: (typeof TOGGLES)[number][0]) => {
    set({ [name]: !asked.value[name] });
    if (found.value || running.value) void search();
  };
  const key = (event: KeyboardEvent) => {
    const one = event.altKey && !event.ctrlKey && !event.metaKey ? TOGGLES.find(([, , , letter]) => letter === event.key.toLowerCase()) : undefined;
    if (one) event.preventDefault(), toggle(one[0]);
    else if (event.key === "Escape" && isBusy) stopAll();
  };
  const stopAll = () => (stop(), working.value?.abort());
  const all = [...(found.value ?? [])], unsaved = all.filter(([path]) => dirty.value.has(path)).length;
  return (
    <form class="search" onSubmit={(event) => (event.preventDefault(), void search())} onKeyDown={key}>
      <div class="sought">
        <button type="button" class="plain turn" aria-expanded={isReplacing} aria-label="Replace" title="Replace" onClick={() => open({ replace: !isReplacing })}><Icon name="chevron" size={12} /></button>
        <div class="lines-of">
          <div class="field-of">
            <input aria-label="Search in files" placeholder="Search in files" value={text} spellcheck={false} autocomplete="off" onInput={(event) => set({ text: event.currentTarget.value })} ref={field} />
            {TOGGLES.map(([name, title, sign, letter]) => (
              <button key={name} type="button" class={`plain toggle ${name}`} aria-pressed={asked.value[name]} aria-label={title} title={`${title} (Alt+${letter.toUpperCase()})`} data-sign={sign} onClick={() => toggle(name)} />
            ))}
          </div>
          {isReplacing && <input aria-label="Replace with" placeholder={asked.value.isRegex ? "Replace with ($1, \\n)" : "Replace with"} value={replacement} spellcheck={false} autocomplete="off" onInput={(event) => set({ replacement: event.currentTarget.value })} />}
        </div>
      </div>
      <div class="choices">
        <button type="button" class="plain turn" aria-expanded={globs} onClick={() => open({ globs: !globs })}><Icon name="chevron" size={12} />which files{!globs && (include || exclude) ? " (some)" : ""}</button>
        {isReplacing && <button type="button" disabled={isBusy || !count.value} onClick={() => void replace(all)}>Replace all</button>}
        {isBusy ? <button key="stop" type="button" onClick={stopAll}>Stop</button> : <button key="search">Search</button>}
      </div>
      {globs && (
        <div class="globs">
          <label>Files to include<input value={include} placeholder="src, *.py, ./docs" spellcheck={false} onInput={(event) => set({ include: event.currentTarget.value })} /></label>
          <label>Files to exclude<input value={exclude} placeholder="*.min.js, vendor" spellcheck={false} onInput={(event) => set({ exclude: event.currentTarget.value })} /></label>
        </div>
      )}
      {wrong.value && <p class="wrong" role="alert">{wrong.value}</p>}
      <p class="quiet" role="status">{said.value}{unsaved > 0 && ` (${counted(unsaved, "file")} of these ${unsaved === 1 ? "has" : "have"} unsaved text, which is not searched)`}</p>
      {replaced.value && (
        <p class="quiet done" role="status">{replaced.value.said} {replaced.value.undo.length > 0 && <button type="button" disabled={isBusy} onClick={() => void undoAll()}>Undo</button>}</p>
      )}
      <div class="results" aria-label="What was found">
        {all.slice(0, FILES).map(([path, hits]) => <FileHits key={path} path={path} hits={hits} isReplacing={isReplacing} isBusy={isBusy} />)}
        {all.length > FILES && <p class="quiet">{counted(all.length - FILES, "further file")} {all.length === FILES + 1 ? "is" : "are"} not shown; name more of what you look for.</p>}
      </div>
    </form>
  );
}

function FileHits({ path, hits, isReplacing, isBusy }: { path: string; hits: Hit[]; isReplacing: boolean; isBusy: boolean }) {
  const name = relative(path), to = ({ start }: Hit["range"]) => go("files", `${path.slice(1)}:${start.line + 1}:${start.character + 1}`);
  return (
    <div class={isReplacing ? "of-file replaces" : "of-file"}>
    {isReplacing && <button type="button" class="plain over" disabled={isBusy} aria-label={`Replace in ${name}`} title="Replace all in this file" onClick={() => void replace([[path, hits]])}><Icon name="replace" size={14} /></button>}
    <details open>
      <summary><Icon name="chevron" size={12} /><span title={name}>{name}</span> <small>{hits.length}</small></summary>
      {hits.slice(0, SHOWN).map((one, index) => (
        <div key={index} class="found">
          <button type="button" class="plain hit" onClick={() => to(one.range)}><small>{one.range.start.line + 1}</small><Shown hit={one} isReplacing={isReplacing} /></button>
          {isReplacing && <button type="button" class="plain" disabled={isBusy} aria-label={`Replace in line ${one.range.start.line + 1} of ${name}`} title="Replace" onClick={() => void replace([[path, [one]]])}><Icon name="replace" size={14} /></button>}
        </div>
      ))}
      {hits.length > SHOWN && <p class="quiet">{counted(hits.length - SHOWN, "further result")} in this file {hits.length === SHOWN + 1 ? "is" : "are"} not shown, and replaced with the others.</p>}
    </details>
    </div>
  );
}

/** The line with what matched in it, and what would come in its place. */
function Shown({ hit: { range: { start, end }, preview }, isReplacing }: { hit: Hit; isReplacing: boolean }) {
  const line = preview.split("\n", 1)[0]!, to = end.line === start.line ? end.character : line.length;
  if (to > line.length) return <code>{line.slice(0, LONGEST)}</code>;
  const before = line.slice(0, start.character).trimStart(), old = line.slice(start.character, to);
  const insert = isReplacing ? expanded(searched, line, start.character, old, asked.value.replacement) : null;
  return (
    <code>{before.length > BEFORE ? `…${before.slice(-BEFORE)}` : before}
      {insert === null ? <mark>{old}</mark> : <><del>{old}</del><ins>{insert}</ins></>}
      {line.slice(to, to + LONGEST)}</code>
  );
}
