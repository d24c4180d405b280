// A screen whose code is loaded when it is first shown.
import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";

export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let found: FunctionComponent<P> | null = null;
  return (props) => {
    const [, again] = useState(0), [wrong, setWrong] = useState("");
    useEffect(() => {
      if (!found) load().then((one) => ((found = one), again(1)), () => setWrong("This part of the page could not be loaded. Load the page again."));
    }, []);
    if (wrong) return <p class="empty">{wrong}</p>;
    const Found = found;
    return Found ? <Found {...props} /> : <div class="loading" aria-busy="true" />;
  };
}
