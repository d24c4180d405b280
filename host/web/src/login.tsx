// Who are you: a token, a name where nobody checks it, or the way to the app around this host.
import { useEffect, useRef, useState } from "preact/hooks";
import { about, logIn, loginWhy } from "./host";

export function Login() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const [given, setGiven] = useState(""), [why, setWhy] = useState(loginWhy.value), [busy, setBusy] = useState(false);
  const token = about.login === "token";
  const submit = (event: Event) => {
    event.preventDefault();
    setBusy(true);
    logIn(given.trim()).catch((error) => (setWhy(error.message), setBusy(false)));
  };
  return (
    <main class="login">
      <form onSubmit={submit}>
        <h1>Roost</h1>
        {about.login === "outside" ? (
          <p>Log in to the app around this host, then load this page again.</p>
        ) : (
          <>
            <p>{token ? "Paste the token that you were given." : "This host believes who you say you are. Pick a name."}</p>
            <label for="who">{token ? "Token" : "Name"}</label>
            <input id="who" type={(token ? "password" : "text") as "text"} autocomplete={token ? "current-password" : "username"} value={given} required
              pattern={token ? undefined : "[A-Za-z0-9][A-Za-z0-9._@+\\-]{0,127}"} title={token ? undefined : "A letter or a digit, then letters, digits and . _ @ + -, without blanks"} onInput={(event) => setGiven(event.currentTarget.value)} ref={field} />
            <button class="primary" disabled={busy}>{busy ? "Coming in…" : "Come in"}</button>
          </>
        )}
        {why && <p class="wrong" role="alert">{why}</p>}
      </form>
      <p class="quiet">{about.version} · <a href="docs">reference</a></p>
    </main>
  );
}
