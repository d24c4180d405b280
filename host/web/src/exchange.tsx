// Modes and settings as files: taken in from one, given out as one.
import { useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

const LARGEST = 8 << 20;
export type Told = { done: string; leftOut: string[] };

/** A button that takes in a file of the user's; beside it stands what came of it, or the host's sentence why nothing did. */
export function TakeIn({ label, accept, take }: { label: string; accept: string; take: (text: string) => Promise<Told> }) {
  const field = useRef<HTMLInputElement>(null), [told, setTold] = useState<Told | null>(null), [wrong, setWrong] = useState(""), [isBusy, setBusy] = useState(false);
  const taken = async (file: File | undefined) => {
    if (!file) return;
    field.current!.value = ""; // the same file may be chosen once more
    setTold(null), setWrong(""), setBusy(true);
    try {
      if (file.size > LARGEST) throw new Error(`${file.name} has ${file.size.toLocaleString("en")} bytes and may have ${LARGEST.toLocaleString("en")}; import it in parts.`);
      setTold(await take(await file.text()));
    } catch (error: any) {
      setWrong(error.message);
    }
    setBusy(false);
  };
  return (
    <div class="take-in">
      <button type="button" disabled={isBusy} onClick={() => field.current!.click()}><Icon name="upload" size={14} /> {label}</button>
      <input ref={field} type="file" accept={accept} aria-label={label} hidden onChange={(event) => void taken(event.currentTarget.files?.[0])} />
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
      <div role="status">{told && <><p>{told.done}</p>{told.leftOut.length > 0 && <><p>Left out:</p><ul>{told.leftOut.map((one, index) => <li key={index}>{one}</li>)}</ul></>}</>}</div>
    </div>
  );
}

/** Give a text out as a file. */
export function giveOut(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
