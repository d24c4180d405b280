// Which open files are not saved.
import { signal } from "@preact/signals";
export const dirty = signal(new Set<string>());
export function setDirty(path: string, is: boolean): void {
  if (dirty.value.has(path) === is) return;
  const next = new Set(dirty.value);
  if (is) next.add(path);
  else next.delete(path);
  dirty.value = next;
}
addEventListener("beforeunload", (event) => dirty.value.size && event.preventDefault());
