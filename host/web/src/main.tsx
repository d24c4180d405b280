// The page begins here: styles that scripts make get the nonce, then the shell is drawn and the host is asked.
import { render } from "preact";
import { begin } from "./host";
import "./looks";
import { Shell } from "./shell";

const nonce = document.querySelector<HTMLMetaElement>('meta[name="roost"]')!.nonce;
const make = document.createElement.bind(document);
document.createElement = ((tag: string, options?: ElementCreationOptions) => {
  const made = make(tag, options);
  if (tag === "style") made.nonce = nonce; // the editor's and the terminals': the policy lets no other in
  return made;
}) as typeof document.createElement;

render(<Shell />, document.getElementById("page")!);
void begin();
