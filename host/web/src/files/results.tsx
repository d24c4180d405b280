// What a search found: of thousands of lines those are drawn that are in sight.
import { computed, signal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { relative } from "../host";
import { Icon } from "../icons";
import { go } from "../router";
import { replace } from "./replace";
import { expanded } from "./replacement";
import { asked, found, searched, type Hit } from "./searching";

const ROW = 24, MORE = 8, BEFORE = 14, LONGEST = 200, TOLD = 500;
type Row = { path: string; hits: Hit[]; hit?: Hit; index: number };

/** Files whose matches are folded away. */
const folded = signal(new Set<string>());
const rows = computed(() => {
  const all: Row[] = [];
  for (const [path, hits] of found.value ?? []) {
    all.push({ path, hits, index: -1 });
    if (!folded.value.has(path)) for (const [index, hit] of hits.entries()) all.push({ path, hits, hit, index });
  }
  return all;
});

function fold(path: string): void {
  const next = new Set(folded.value);
  if (!next.delete(path)) next.add(path);
  folded.value = next;
}

/** Where the list can be seen: from a pixel of it on, and how many. What is scrolled is it, or the form that it is in. */
function useSight() {
  const list = useRef<HTMLDivElement>(null), [[top, height], see] = useState<[number, number]>([0, 800]);
  useLayoutEffect(() => {
    const form = list.current!.closest("form")!;
    const look = () => see([Math.max(0, form.getBoundingClientRect().top - list.current!.getBoundingClientRect().top), form.clientHeight]);
    const watch = new ResizeObserver(look);
    watch.observe(form);
    form.addEventListener("scroll", look, true);
    return () => (watch.disconnect(), form.removeEventListener("scroll", look, true));
  }, []);
  return { list, first: Math.max(0, Math.floor(top / ROW) - MORE), many: Math.ceil(height / ROW) + 2 * MORE };
}

export function Results({ isReplacing, isBusy }: { isReplacing: boolean; isBusy: boolean }) {
  const { list, first, many } = useSight(), all = rows.value;
  return (
    <div class="results" aria-label="What was found" role="group">
      <div class="rows" ref={list} style={{ height: `${all.length * ROW}px` }}>
        {all.slice(first, first + many).map((row, at) => (
          <div key={`${row.index} ${row.path}`} class="found" style={{ top: `${(first + at) * ROW}px` }}>
            {row.hit ? <Match hit={row.hit} path={row.path} isReplacing={isReplacing} isBusy={isBusy} /> : <File row={row} isReplacing={isReplacing} isBusy={isBusy} />}
          </div>
        ))}
      </div>
    </div>
  );
}

function File({ row: { path, hits }, isReplacing, isBusy }: { row: Row; isReplacing: boolean; isBusy: boolean }) {
  const name = relative(path);
  return (
    <>
      <button type="button" class="plain turn file" aria-expanded={!folded.value.has(path)} title={name} onClick={() => fold(path)}><Icon name="chevron" size={12} /><span>{name}</span><small>{hits.length.toLocaleString("en")}</small></button>
      {isReplacing && <button type="button" class="plain" disabled={isBusy} aria-label={`Replace in ${name}`} title="Replace all in this file" onClick={() => void replace([[path, hits]])}><Icon name="replace" size={14} /></button>}
    </>
  );
}

function Match({ hit, path, isReplacing, isBusy }: { hit: Hit; path: string; isReplacing: boolean; isBusy: boolean }) {
  const { line, character } = hit.range.start;
  return (
    <>
      <button type="button" class="plain hit" onClick={() => go("files", `${path.slice(1)}:${line + 1}:${character + 1}`)}><small>{line + 1}</small><Shown hit={hit} isReplacing={isReplacing} /></button>
      {isReplacing && <button type="button" class="plain" disabled={isBusy} aria-label={`Replace in line ${line + 1} of ${relative(path)}`} title="Replace" onClick={() => void replace([[path, [hit]]])}><Icon name="replace" size={14} /></button>}
    </>
  );
}

/** The line with what matched in it, and what would come in its place. What is before it is cut, so that it is seen however narrow the place is. */
function Shown({ hit: { range: { start, end }, preview, at }, isReplacing }: { hit: Hit; isReplacing: boolean }) {
  const [line, from] = lineAt(preview, at), to = end.line === start.line ? from + end.character - start.character : line.length;
  if (to > line.length) return <code>{line.trimStart().slice(0, LONGEST)}</code>;
  const old = line.slice(from, to), insert = isReplacing ? expanded(searched, line, from, old, asked.value.replacement) : null;
  return (
    <code title={line.trim().slice(0, TOLD)}>{lead(line.slice(0, from), start.character > from)}
      {insert === null ? <mark>{old}</mark> : <><del>{old}</del><ins>{insert}</ins></>}
      {line.slice(to, to + LONGEST)}</code>
  );
}

/** The line of a place in a text, and the place in it. */
function lineAt(text: string, at: number): [string, number] {
  const from = at && text.lastIndexOf("\n", at - 1) + 1, to = text.indexOf("\n", from);
  return [text.slice(from, to < 0 ? undefined : to), at - from];
}

/** The last words before a match. */
function lead(before: string, isCut: boolean): string {
  const all = before.trimStart();
  if (all.length <= BEFORE) return isCut ? `…${all}` : all;
  const some = all.slice(-BEFORE), words = /\S/.test(all.at(-BEFORE - 1)!) ? some.replace(/^\S+\s+(?=\S)/, "") : some;
  return `…${words.trimStart().replace(/^[\udc00-\udfff]/, "")}`;
}
