// What is known of a file beside its text: what it is made of, and what is wrong, there and elsewhere.
import { useEffect, useState } from "preact/hooks";
import { nameOf, relative } from "../host";
import { go } from "../router";
import type { Symbol } from "./languages";
import { counted, problems, SEVERITIES } from "./problems";
import { changedTexts } from "./texts";

const to = (path: string, line: number, character: number) => go("files", `${path.slice(1)}:${line + 1}:${character + 1}`);

export function Problems() {
  const all = [...problems.value].sort(([a], [b]) => a.localeCompare(b));
  if (!all.length) return <div class="empty"><p>Nothing is wrong that an extension knows of.</p></div>;
  const [errors, warnings] = counted.value;
  return (
    <div class="results problems" aria-label="Problems">
      <p class="quiet pad" role="status">{errors} error{errors === 1 ? "" : "s"}, {warnings} warning{warnings === 1 ? "" : "s"}</p>
      {all.map(([path, these]) => (
        <details key={path} open>
          <summary title={path}>{nameOf(path)} <small>{relative(path).split("/").slice(0, -1).join("/")} · {these.length}</small></summary>
          {these.slice(0, 200).map((one, index) => (
            <button key={index} type="button" class="plain hit" title={one.message} onClick={() => to(path, one.range.start.line, one.range.start.character)}>
              <i class={`dot ${SEVERITIES[one.severity ?? 0]}`} aria-label={SEVERITIES[one.severity ?? 0]} /><span>{one.message}</span><small>{one.source} {one.range.start.line + 1}</small>
            </button>
          ))}
        </details>
      ))}
    </div>
  );
}

const KINDS = ["file", "module", "namespace", "package", "class", "method", "property", "field", "constructor", "enum", "interface", "function", "variable", "constant"];
export function Outline({ file }: { file: string }) {
  const [all, setAll] = useState<Symbol[] | null>(null), changed = changedTexts.value.get(file);
  useEffect(() => {
    let gone = false;
    const look = () => void import("./languages").then((one) => one.symbols(file)).then((found) => !gone && setAll(found), () => !gone && setAll([]));
    const timer = file ? setTimeout(look, all ? 400 : 0) : 0;
    return () => ((gone = true), clearTimeout(timer));
  }, [file, changed]);
  if (!file) return <div class="empty"><p>Open a file to see what it is made of.</p></div>;
  if (!all) return <div class="loading" aria-busy="true" />;
  if (!all.length) return <div class="empty"><p>No extension knows what {nameOf(file)} is made of.</p></div>;
  return (
    <div class="results" aria-label="Outline">
      {all.slice(0, 2_000).map((one, index) => (
        <button key={index} type="button" class="plain hit" style={{ paddingLeft: `${12 + one.depth * 14}px` }} title={one.detail} onClick={() => to(file, one.range.start.line, one.range.start.character)}>
          <span>{one.name}</span><small>{KINDS[one.kind] ?? ""}</small>
        </button>
      ))}
    </div>
  );
}
