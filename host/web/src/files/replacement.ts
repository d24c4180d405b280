// What comes in the place of a match. The host finds by Rust's regular expressions; what `$1` means is asked of the browser's.
import type { Text } from "@codemirror/state";
import type { Query } from "../wire";

/** The text for a match at a place; null where it cannot be told. */
export function replacementOf(query: Query, text: Text, at: number, old: string, replacement: string): string | null {
  if (!query.isRegExp) return replacement;
  const first = text.lineAt(at), last = text.lineAt(at + old.length);
  return expanded(query, text.sliceString(first.from, last.to), at - first.from, old, replacement);
}

/** As `replacementOf`, of the lines that a match is in. */
export function expanded(query: Query, line: string, at: number, old: string, replacement: string): string | null {
  if (!query.isRegExp) return replacement;
  const plain = replacement.replace(/\\([nt\\])/g, (_, one: string) => ({ n: "\n", t: "\t" })[one] ?? one);
  if (!/\$[\d&<]/.test(plain)) return plain.replaceAll("$$", "$");
  const found = compiled(query)?.(line, at);
  if (!found || found[0] !== old) return null;
  return plain.replace(/\$(\$|&|\d{1,2}|<(\w+)>)/g, (whole, name: string, group?: string) =>
    name === "$" ? "$" : name === "&" ? old : group ? found.groups?.[group] ?? "" : Number(name) < found.length ? found[Number(name)] ?? "" : whole);
}

function compiled({ pattern, isCaseSensitive }: Query): ((line: string, at: number) => RegExpExecArray | null) | null {
  const source = pattern.replace(/\(\?P</g, "(?<"), flags = isCaseSensitive ? "my" : "imy";
  for (const more of ["u", ""])
    try {
      const made = new RegExp(source, flags + more);
      return (line, at) => ((made.lastIndex = at), made.exec(line));
    } catch {
      continue;
    }
  return null;
}
