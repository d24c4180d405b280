// Search: texts in files, and other texts in their place.
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../icons";
import { replace, replaced, undoAll, working } from "./replace";
import { Results } from "./results";
import { asked, count, counted, found, opened, running, said, search, stop, wrong } from "./searching";

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
  const all = [...(found.value ?? [])];
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
      <p class="quiet" role="status">{said.value}</p>
      {replaced.value && (
        <p class="quiet done" role="status">{replaced.value.said} {replaced.value.undo.length > 0 && <button type="button" disabled={isBusy} onClick={() => void undoAll()}>Undo</button>}</p>
      )}
      <Results isReplacing={isReplacing} isBusy={isBusy} />
    </form>
  );
}
