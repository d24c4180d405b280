// What is typed for a terminal that is not there yet: it is held, and is the terminal's once that is there.
import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";

const MOST = 64 * 1024;
/** Whether keys are for a terminal that is still being started. */
export const waits = signal(false);
let field: HTMLTextAreaElement | null = null, hadFocus = false;

/** End the waiting: what was typed. `focus` is called first, unless one went elsewhere meanwhile: it ends what an input method composes. */
export function takeTyped(focus: () => void): string {
  const at = document.activeElement;
  if (!hadFocus || at === field || at === document.body) focus();
  waits.value = hadFocus = false;
  return (field?.value ?? "").replaceAll("\n", "\r");
}

/** Keys that a field has other uses for are held as the characters that a shell gets. */
function hold(event: KeyboardEvent): void {
  const { key, ctrlKey, shiftKey, altKey, metaKey } = event, one = event.currentTarget as HTMLTextAreaElement;
  const isPlain = !shiftKey && !altKey && !metaKey && !event.isComposing;
  const held = isPlain && ctrlKey && /^[a-z]$/i.test(key) ? String.fromCharCode(key.toUpperCase().charCodeAt(0) & 31) : isPlain && !ctrlKey && key === "Tab" ? "\t" : "";
  if (!held) return;
  event.preventDefault();
  one.setRangeText(held, one.selectionStart, one.selectionEnd, "end");
}

export function Ahead() {
  useLayoutEffect(() => {
    if ((hadFocus = waits.value)) field!.focus(); // at once: the next key is for it
  }, [waits.value]);
  if (!waits.value) return null;
  return (
    <div class="ahead">
      <p class="quiet" role="status">Starting a terminal…</p>
      <textarea aria-label="Keys for the terminal that is started" ref={(one) => void (field = one)} maxLength={MOST} spellcheck={false} autocomplete="off" onKeyDown={hold} />
    </div>
  );
}
