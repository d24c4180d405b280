// A text as it is: lines of a diff in their colours, all else as it stands.
import { memo } from "../memo";

const isDiff = (text: string) => /^(--- |@@ |<<<<<<< SEARCH|\*\*\* Begin Patch|diff --git)/m.test(text);

export const Shown = memo(({ text }: { text: string }) => {
  if (!isDiff(text)) return <pre class="shown" tabIndex={0}>{text}</pre>;
  const lines = text.trimEnd().split("\n").slice(0, 2_000);
  return (
    <pre class="shown diff" tabIndex={0}>
      {lines.map((line, index) => <span key={index} class={/^\+(?!\+\+)/.test(line) ? "in" : /^-(?!--)/.test(line) ? "out" : /^(@@|---|\+\+\+|diff )/.test(line) ? "head" : ""}>{line || " "}{"\n"}</span>)}
    </pre>
  );
});
