// What waits for leave, always in the same place: once, always, reject; y, a, n.
import { useLayoutEffect, useState } from "preact/hooks";
import { decide, describe, type Approval } from "./store";
import { Shown } from "./diff";

export function ApprovalBar({ approval }: { approval: Approval }) {
  const [rejecting, setRejecting] = useState(false), [reason, setReason] = useState(""), [pattern, setPattern] = useState(approval.patterns?.[0] ?? "");
  const always = () => void decide(approval, "always", pattern ? { pattern } : {});
  useLayoutEffect(() => { // as soon as it can be seen: a key pressed before that would be lost, or decide what was asked before
    const heard = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select, dialog, .cm-editor, .xterm")) return;
      if (event.key === "y") void decide(approval, "once");
      else if (event.key === "a") always();
      else if (event.key === "n") (event.preventDefault(), setRejecting(true));
    };
    addEventListener("keydown", heard);
    return () => removeEventListener("keydown", heard);
  }, [approval, pattern]);
  return (
    <section class="approval" role="alertdialog" aria-label="The agent asks for leave" data-testid="approval" data-approval={approval.approvalId}>
      <div class="asks"><b>{approval.tool}</b> <code>{describe(approval)}</code></div>
      {approval.shown && approval.shown !== describe(approval) && <Shown text={approval.shown} />}
      {rejecting ? (
        <form class="buttons" onSubmit={(event) => (event.preventDefault(), void decide(approval, "reject", reason ? { reason } : {}))}>
          <input class="grow" aria-label="Why not" placeholder="Why not? The agent reads this" value={reason} onInput={(event) => setReason(event.currentTarget.value)}
            ref={(one) => one?.focus()} onKeyDown={(event) => event.key === "Escape" && setRejecting(false)} />
          <button class="danger">Reject</button><button type="button" onClick={() => setRejecting(false)}>Back</button>
        </form>
      ) : (
        <div class="buttons">
          <button class="primary" onClick={() => void decide(approval, "once")}>Allow once <kbd>y</kbd></button>
          <button onClick={always}>Always <kbd>a</kbd></button>
          {approval.patterns && approval.patterns.length > 0 && (
            <select aria-label="What always would allow" value={pattern} onChange={(event) => setPattern(event.currentTarget.value)}>{approval.patterns.map((one) => <option key={one}>{one}</option>)}</select>
          )}
          <span class="gap" />
          <button onClick={() => setRejecting(true)}>Reject… <kbd>n</kbd></button>
        </div>
      )}
    </section>
  );
}
