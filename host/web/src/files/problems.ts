// What is wrong with files, as extensions say it; kept up as the host tells.
import { computed, signal } from "@preact/signals";
import { began, call, opens, pathOf } from "../host";
import type { WireRange } from "../wire";

export type Problem = { range: WireRange; message: string; severity?: number; source?: string; code?: any };
export const SEVERITIES = ["error", "warning", "info", "hint"] as const;
export const problems = signal(new Map<string, Problem[]>());
export const problemsOf = (path: string) => problems.value.get(path) ?? [];
export const counted = computed(() => {
  const found = [0, 0, 0, 0];
  for (const all of problems.value.values()) for (const one of all) found[one.severity ?? 0]!++;
  return found;
});

function put(answers: { uri: string; diagnostics: any[] }[], asked: string[] | null): void {
  const next = new Map(asked ? problems.value : []);
  for (const uri of asked ?? []) next.delete(pathOf(uri));
  for (const one of answers) if (one.diagnostics.length) next.set(pathOf(one.uri), one.diagnostics as Problem[]);
  problems.value = next;
}
const all = () => call("languages.getDiagnostics", {}).then((found) => put(found, null), () => {});

opens((whole) => (whole || !problems.value.size) && void all());
began((link) => {
  link.on("languages.onDidChangeDiagnostics", ({ uris, more }: { uris: string[]; more?: boolean }) => {
    if (more || uris.length > 20) return void all();
    void Promise.all(uris.map((uri) => call("languages.getDiagnostics", { uri }))).then((found) => put(found.flat(), uris), () => {});
  });
});
