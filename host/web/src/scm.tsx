// Source control, as the extension that has it says: groups of changed files, a message, and what to do with it.
import { useEffect, useRef } from "preact/hooks";
import { call, pathOf, relative, tell } from "./host";
import { go } from "./router";
import { pieces } from "./surface";
import type { Piece } from "./wire";

export function ScmScreen() {
  const controls = pieces.value.filter((one) => one.kind === "sourceControl");
  return (
    <div class="page">
      <header><h1>Source control</h1></header>
      {!controls.length && <p class="empty">No extension shows a repository.</p>}
      {controls.map((one) => <Control key={one.handle} control={one} />)}
    </div>
  );
}

function Control({ control }: { control: Piece }) {
  const of = (kind: string) => pieces.value.filter((one) => one.kind === kind && one.state.sourceControl === control.handle);
  const box = of("sourceControlInputBox")[0], field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    if (field.current && document.activeElement !== field.current) field.current.value = box?.state.value ?? "";
  }, [box?.state.value]);
  return (
    <section>
      <h2>{control.state.label}</h2>
      {box?.state.visible !== false && box && (
        <form onSubmit={(event) => (event.preventDefault(), void call("scm.acceptInput", { handle: control.handle }).catch(tell))}>
          <textarea ref={field} rows={2} aria-label="Message" placeholder={box.state.placeholder} disabled={!box.state.enabled} onInput={(event) => void call("scm.setInput", { handle: box.handle, value: event.currentTarget.value }).catch(tell)} />
          {control.state.acceptInputCommand && <button class="primary">{control.state.acceptInputCommand.title || "Commit"}</button>}
        </form>
      )}
      {of("sourceControlResourceGroup").filter((one) => !one.state.hideWhenEmpty || one.state.count).map((group) => (
        <details key={group.handle} open>
          <summary>{group.state.label} <small>{group.state.count}</small></summary>
          <ul class="lines">{(group.state.resourceStates ?? []).map((one: any, index: number) => {
            const path = pathOf(String(one.resourceUri?.path ?? one.resourceUri));
            return <li key={path}><button class="plain" onClick={() => (one.command ? void call("scm.openResource", { handle: group.handle, index }).catch(tell) : go("files", path.slice(1)))}>{relative(path)}</button><span class="gap" /><small>{one.contextValue ?? ""}</small></li>;
          })}</ul>
        </details>
      ))}
    </section>
  );
}
