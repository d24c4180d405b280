// One terminal as it is seen: bytes from its channel into xterm, keys back, acknowledged as they are drawn.
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Terminal } from "@xterm/xterm";
import { signal } from "@preact/signals";
import { call, link, tell } from "../host";
import { css, isDark } from "../looks";

const ACKNOWLEDGE = 32 * 1024;
const TYPED_AHEAD = 64 * 1024;

export class View {
  readonly xterm: Terminal;
  readonly search = new SearchAddon();
  readonly ended = signal<number | null | undefined>(undefined);
  readonly element = document.createElement("div");
  #fit = new FitAddon();
  #channel: number | null = null;
  #hush: () => void = () => {};
  #offset: number | undefined;
  #taken = 0;
  #acknowledged = 0;
  #opened = false;
  #size = "";
  #typed: Uint8Array[] = []; // before there is a channel for it
  #attaching: Promise<void> | null = null; // two at once would leave one of them a channel that is no more
  #undo: (() => void)[] = [];

  constructor(readonly id: string, readonly name: string) {
    this.xterm = new Terminal({ scrollback: 20_000, fontSize: 13, lineHeight: 1.2, fontFamily: css("mono"), cursorBlink: true, allowProposedApi: true, screenReaderMode: false, theme: colours() });
    this.element.className = "xterm-box";
    this.xterm.loadAddon(this.#fit);
    this.xterm.loadAddon(this.search);
    const encoder = new TextEncoder();
    this.xterm.onData((text) => this.#type(encoder.encode(text)));
    this.xterm.onBinary((text) => this.#type(Uint8Array.from(text, (one) => one.charCodeAt(0))));
    this.#undo.push(isDark.subscribe(() => (this.xterm.options.theme = colours())));
  }

  /** Show it in the page, and fit it; keys are its own where `focus` says so. */
  show(into: HTMLElement, focus: boolean): void {
    into.replaceChildren(this.element);
    if (!this.#opened) {
      this.#opened = true;
      this.xterm.open(this.element);
    }
    this.fit();
    if (focus) this.xterm.focus();
  }

  /** As if somebody typed it. */
  type(text: string): void {
    if (text) this.xterm.input(text);
  }

  fit(): void {
    if (!this.element.isConnected || !this.element.clientWidth) return;
    this.#fit.fit();
    const { cols, rows } = this.xterm, size = `${cols}x${rows}`;
    if (size !== this.#size && this.ended.value === undefined) {
      this.#size = size;
      void call("terminal.resize", { terminalId: this.id, columns: cols, rows }).catch(() => (this.#size = ""));
    }
  }

  /** Read from where it was left: after a reconnect nothing is lost and nothing is twice. */
  attach(): Promise<void> {
    return (this.#attaching ??= this.#attach().finally(() => (this.#attaching = null)));
  }

  async #attach(): Promise<void> {
    this.#channel = null; // what is typed meanwhile goes to no old number
    try {
      const after = this.#offset === undefined ? {} : { after: this.#offset };
      const { channel, offset } = await call("terminal.attach", { terminalId: this.id, ...after });
      this.#hush();
      if (this.#offset !== undefined && offset > this.#offset) this.xterm.write(`\r\n\x1b[2m… ${offset - this.#offset} bytes were not kept …\x1b[0m\r\n`);
      this.#channel = channel;
      this.#offset = this.#taken = this.#acknowledged = offset;
      this.#hush = link.value!.listen(channel, (at, bytes) => this.#take(at, bytes));
      link.value!.frame(3, channel, offset);
      for (const bytes of this.#typed.splice(0)) this.#type(bytes);
      this.#size = "";
      this.fit();
    } catch (error: any) {
      if (error.code === -32602) this.end(null);
      else if (error.code !== -1) tell(error);
    }
  }

  #take(at: number, bytes: Uint8Array): void {
    const fresh = at < this.#offset! ? bytes.subarray(this.#offset! - at) : bytes;
    if (!fresh.length) return;
    this.#offset = at + bytes.length;
    const until = this.#offset, channel = this.#channel;
    this.xterm.write(fresh, () => {
      this.#taken = until;
      if (this.#channel === channel && this.#taken - this.#acknowledged >= ACKNOWLEDGE) {
        this.#acknowledged = this.#taken;
        link.value!.frame(3, channel!, this.#taken);
      }
    });
  }

  #type(bytes: Uint8Array): void {
    if (this.ended.value !== undefined) return;
    if (this.#channel !== null) link.value!.frame(2, this.#channel, 0, bytes);
    else if (this.#typed.reduce((sum, one) => sum + one.length, bytes.length) <= TYPED_AHEAD) this.#typed.push(bytes);
  }

  end(code: number | null): void {
    if (this.ended.value !== undefined) return;
    this.ended.value = code;
    this.xterm.options.cursorBlink = false;
    this.xterm.write(`\r\n\x1b[2m[ended${code === null ? "" : ` with ${code}`}]\x1b[0m`);
  }

  dispose(): void {
    this.#hush();
    for (const undo of this.#undo) undo();
    this.xterm.dispose();
  }
}

function colours() {
  const dark = isDark.value;
  const [red, green, yellow, blue, magenta, cyan] = dark
    ? ["#f2827a", "#7fc98f", "#dcb86a", "#85b3f0", "#c9a0e8", "#6fcabc"]
    : ["#b3261e", "#1d7a3e", "#8a5a00", "#1f5fb0", "#8a3ab0", "#0b6b74"];
  return {
    background: css("paper"), foreground: css("ink"), cursor: css("accent"), cursorAccent: css("paper"), selectionBackground: dark ? "#3a4a48" : "#cfe3df",
    black: dark ? "#2c2d30" : "#1c1d1f", white: dark ? "#d6d6d3" : "#5f6368", red, green, yellow, blue, magenta, cyan,
    brightBlack: dark ? "#8b8d91" : "#6b6f74", brightWhite: dark ? "#ffffff" : "#1c1d1f", brightRed: red, brightGreen: green, brightYellow: yellow, brightBlue: blue, brightMagenta: magenta, brightCyan: cyan,
  };
}
