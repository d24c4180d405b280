// A text that others edit too: other tabs, the agent, extensions. The host has the true one and numbers its versions; what is typed
// here shows at once and is sent for the version it was typed into. Where somebody was faster it is moved over their change, and sent again.
import { collab, receiveUpdates, sendableUpdates } from "@codemirror/collab";
import { ChangeSet, EditorState, type Extension, Text, type TransactionSpec } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { signal } from "@preact/signals";
import { began, call, link, pathOf } from "../host";
import { Failed, LOST } from "../socket";
import type { WirePosition } from "../wire";
import { dirty, languages, setDirty, unsent } from "./texts";

type Change = { range: { start: WirePosition; end: WirePosition }; text: string };
type Told = { uri: string; version: number; isDirty: boolean; contentChanges?: Change[]; reload?: boolean };
type Flight = { count: number; changes: ChangeSet; lost: boolean };

const ME = "me", MOST_EDITS = 1_000, SOON_MS = 30, AGAIN_MS = 2_000;
const shared = new Map<string, Shared>();

export const offset = (text: Text, place: WirePosition) => {
  const line = text.line(Math.max(1, Math.min(text.lines, place.line + 1)));
  return Math.min(line.to, line.from + place.character);
};
export const position = (text: Text, at: number): WirePosition => {
  const line = text.lineAt(at);
  return { line: line.number - 1, character: at - line.from };
};
/** A text as editors have it, whatever ends its lines. */
export const lines = (text: string) => Text.of(text.split(/\r\n?|\n/));

export class Shared {
  /** `gone`: there is no such file any more. `stale`: what somebody else wrote into it while this was not saved. */
  readonly gone = signal(false);
  readonly stale = signal<string | null>(null);
  readonly wrong = signal("");
  readonly ready = signal(false);
  state!: EditorState;
  /** What the file held when it was read or saved last. */
  disk: string | null = null;
  /** The tab and the editor that extensions know it by. */
  tab = "";
  editor = "";
  #view: EditorView | null = null;
  #base = Text.empty;
  #version = -1;
  #flight: Flight | null = null;
  #early: Told[] = [];
  #timer = 0;
  #closed = false;
  #looking: Promise<void> | null = null;
  #idle: (() => void)[] = [];

  private constructor(readonly path: string) {}

  static find = (path: string) => shared.get(path);
  /** Done once all that was typed into a file, or into those of a folder, is at the host. */
  static flushBelow = (path: string) => Promise.all([...shared.values()].map((one) => (one.path === path || one.path.startsWith(`${path}/`)) && one.flushed()));

  /** The document of a file, opened at the host. Throws what keeps it from being opened. */
  static async open(path: string, extensions: (one: Shared) => Promise<Extension>): Promise<Shared> {
    let one = shared.get(path);
    if (!one) shared.set(path, (one = new Shared(path)));
    if (!one.ready.value)
      try {
        const [opened, more] = await Promise.all([call("workspace.openTextDocument", { uri: path }), extensions(one)]);
        languages.set(path, opened.languageId);
        if (!one.ready.value) one.#begin(opened, more);
      } catch (error) {
        shared.delete(path);
        throw error;
      }
    return one;
  }

  #begin(opened: { version: number; isDirty: boolean; text: string }, extensions: Extension): void {
    this.#base = lines(opened.text);
    this.#version = opened.version;
    this.state = EditorState.create({ doc: this.#base, extensions: [collab({ clientID: ME }), extensions] });
    this.ready.value = true;
    this.#isDirty(opened.isDirty);
    if (!opened.isDirty) this.disk = opened.text;
    else void this.#readDisk().then((text) => (this.disk = text), () => {});
    this.#drain();
  }

  get text(): string {
    return this.state.doc.toString();
  }
  get pending(): boolean {
    return this.ready.value && sendableUpdates(this.state).length > 0;
  }

  /** The editor that shows it, or none: it is kept up either way, with all that can be undone. */
  shows(view: EditorView | null): void {
    this.#view = view;
  }

  dispatch(spec: TransactionSpec): void {
    if (this.#view) this.#view.dispatch(spec);
    else this.took(this.state.update(spec).state);
  }

  /** The editor's state is this now. */
  took(state: EditorState): void {
    const changed = state.doc !== this.state.doc;
    this.state = state;
    if (!changed || !this.pending) return;
    unsent.add(this.path);
    setDirty(this.path, true);
    if (!this.#timer) this.#timer = window.setTimeout(() => this.#send(), SOON_MS);
  }

  /** Done once all that was typed is at the host. */
  async flushed(): Promise<void> {
    while (this.pending && !this.gone.value) {
      this.#send();
      await new Promise<void>((done) => this.#idle.push(done));
    }
  }

  async save(overwrite = false): Promise<boolean> {
    await this.flushed();
    if (this.gone.value) {
      await call("workspace.fs.writeFile", { uri: this.path, content: this.text });
      const updates = sendableUpdates(this.state);
      if (updates.length) this.#fly(updates), this.#landed(this.#version);
      await this.#look();
      return true;
    }
    const text = this.text, { saved } = await call("workspace.saveDocument", { uri: this.path, overwrite });
    if (!saved) this.stale.value = await this.#readDisk().catch(() => "");
    else (this.disk = text), (this.stale.value = null);
    return saved;
  }

  /** Take what the disk has, and lose what is not saved. */
  async revert(): Promise<void> {
    await this.flushed();
    await call("workspace.revertDocument", { uri: this.path });
    this.stale.value = null;
    await this.#look();
  }

  /** Nobody shows it any more. With `discard` what is not saved is given up. */
  async close(discard = false): Promise<void> {
    if (shared.get(this.path) === this) shared.delete(this.path);
    this.#closed = true;
    clearTimeout(this.#timer);
    unsent.delete(this.path);
    if (discard) await call("workspace.revertDocument", { uri: this.path }).catch((error) => error.data?.code === "FileNotFound" || Promise.reject(error));
    if (this.tab) await call("window.tabs.close", { tab: this.tab }).catch(() => {}); // somebody else closed it
    await call("workspace.closeTextDocument", { uri: this.path, discard }).catch((error) => error.code !== -32010 && Promise.reject(error));
  }

  /** Its file was written by somebody: is what is not saved here still of that text? */
  async diskChanged(): Promise<void> {
    if (!this.ready.value) return;
    const text = await this.#readDisk().catch(() => null);
    if (text === null) return;
    if (this.gone.value) return this.#look();
    const before = this.disk;
    if (unsent.has(this.path) || dirty.value.has(this.path)) {
      if (text !== before && text !== this.text) this.stale.value = text;
    } else (this.disk = text), (this.stale.value = null);
  }

  async #readDisk(): Promise<string> {
    return (await call("workspace.fs.readFile", { uri: this.path })).content.replace(/\r\n?/g, "\n");
  }

  #isDirty(is: boolean): void {
    setDirty(this.path, is || this.pending);
    if (!is && !this.pending && this.ready.value) this.stale.value = null;
  }

  // -- what is typed here goes to the host, one message at a time

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#flight || this.#closed || !this.pending || this.#looking || this.gone.value || link.value?.status.value !== "connected") return;
    const flight = this.#fly(sendableUpdates(this.state)), edits = editsOf(flight.changes, this.#base).map((one) => ({ uri: this.path, version: this.#version, ...one }));
    if (!edits.length) return this.#landed(this.#version);
    call("workspace.applyEdit", { edits }).then(
      ({ applied }) => (applied ? this.#landed(this.#version + 1) : this.#refused(flight, null)),
      (error: Failed) => this.#refused(flight, error),
    );
  }

  #fly(updates: readonly { changes: ChangeSet }[]): Flight {
    const changes = updates.map((one) => one.changes).reduce((all, one) => all.compose(one));
    return (this.#flight = { count: updates.length, changes, lost: false });
  }

  /** The host has it: it is part of the true text from now on. */
  #landed(version: number): void {
    const { count, changes } = this.#flight!;
    this.#flight = null;
    this.#base = changes.apply(this.#base);
    this.#version = version;
    this.wrong.value = "";
    this.dispatch(receiveUpdates(this.state, sendableUpdates(this.state).slice(0, count).map(({ changes }) => ({ changes, clientID: ME }))));
    if (!this.pending) this.#settle();
    this.#drain();
  }

  #refused(flight: Flight, error: Failed | null): void {
    if (error?.code === LOST) return void (flight.lost = true); // done or not: it shows when the line is back
    this.#flight = null;
    if (error?.data?.code === "FileNotFound") this.gone.value = true;
    else if (error && !error.data?.retryable) this.wrong.value = error.message;
    const before = this.#version;
    this.#drain();
    if (this.gone.value) return this.#settle();
    if (this.#version === before && !error) void this.#look(); // somebody's change of which nothing is known yet
    else if (!this.#timer) this.#timer = window.setTimeout(() => this.#send(), error ? error.data?.retryAfterMs ?? AGAIN_MS : 0);
  }

  #settle(): void {
    if (!this.pending) unsent.delete(this.path);
    for (const done of this.#idle.splice(0)) done();
  }

  // -- what others do comes from the host

  heard(told: Told): void {
    this.#early.push(told);
    if (this.ready.value && !this.#flight && !this.#looking) this.#drain();
  }

  #drain(): void {
    if (!this.ready.value) return;
    const early = this.#early.splice(0);
    for (const [index, told] of early.entries()) {
      if (told.version < this.#version) continue;
      if (told.version > this.#version) {
        if (told.version > this.#version + 1 || !told.contentChanges) {
          this.#early.push(...early.slice(index + 1));
          return void this.#look();
        }
        this.#take(changesOf(told.contentChanges, this.#base));
        this.#version = told.version;
      }
      this.#isDirty(told.isDirty);
    }
    if (this.pending && !this.#timer) this.#timer = window.setTimeout(() => this.#send(), SOON_MS);
  }

  #take(changes: ChangeSet): void {
    if (changes.empty) return;
    this.#base = changes.apply(this.#base);
    this.dispatch(receiveUpdates(this.state, [{ changes, clientID: "host" }]));
  }

  /** Ask the host for all of the text: after a lost line, or where a change was missed. */
  #look(): Promise<void> {
    return (this.#looking ??= this.#lookNow().finally(() => {
      this.#looking = null;
      this.#drain();
      if (this.pending) this.#send();
    }));
  }

  async #lookNow(): Promise<void> {
    let found: { version: number; isDirty: boolean; text: string };
    try {
      found = await call("workspace.openTextDocument", { uri: this.path });
    } catch (error: any) {
      if (error.data?.code === "FileNotFound") this.gone.value = true;
      else this.wrong.value = error.message;
      if (this.#flight?.lost) this.#flight = null;
      return;
    }
    const { diff } = await import("@codemirror/merge"), text = lines(found.text), flight = this.#flight;
    const difference = (from: Text) => {
      const to = text.toString();
      return diff(from.toString(), to, { timeout: 50 }).map((one) => ({ from: one.fromA, to: one.toA, insert: to.slice(one.fromB, one.toB) }));
    };
    if (flight?.lost) {
      const mine = flight.changes.apply(this.#base), isMine = found.version !== this.#version && (text.eq(mine) || size(difference(mine)) < size(difference(this.#base)));
      if (isMine) this.#landed(this.#version);
      else this.#flight = null;
    }
    this.gone.value = false;
    this.wrong.value = "";
    this.#take(ChangeSet.of(difference(this.#base), this.#base.length));
    this.#version = found.version;
    this.#early = this.#early.filter((one) => one.version >= found.version);
    this.#isDirty(found.isDirty);
    if (!found.isDirty) this.disk = found.text.replace(/\r\n?/g, "\n");
    if (!this.pending) this.#settle();
  }

  /** The line is back; `whole`: what was told meanwhile is not known. */
  back(): void {
    if (this.ready.value) void this.#look();
  }

  /** The host keeps it open no longer: its file is gone, or nobody seemed to need it. */
  closed(): void {
    if (this.ready.value) void this.#look();
  }
}

const size = (changes: { from: number; to: number; insert: string }[]) => changes.reduce((all, one) => all + one.to - one.from + one.insert.length, 0);

function changesOf(told: Change[], base: Text): ChangeSet {
  return ChangeSet.of(told.map(({ range, text }) => ({ from: offset(base, range.start), to: offset(base, range.end), insert: text })), base.length);
}

/** As the host takes it: places in the text before. Very many changes are one that spans them. */
export function editsOf(changes: ChangeSet, base: Text): { range: { start: WirePosition; end: WirePosition }; newText: string }[] {
  const found: [number, number, Text][] = [];
  changes.iterChanges((from, to, _, __, insert) => base.sliceString(from, to) !== insert.toString() && found.push([from, to, insert]));
  if (found.length > MOST_EDITS) {
    const from = found[0]![0], to = found.at(-1)![1], after = changes.apply(base);
    found.splice(0, found.length, [from, to, after.slice(from, changes.mapPos(to, 1))]);
  }
  return found.map(([from, to, insert]) => ({ range: { start: position(base, from), end: position(base, to) }, newText: insert.toString() }));
}

began((link) => {
  const of = (uri: string) => shared.get(pathOf(uri));
  link.on("workspace.onDidChangeTextDocument", (told: Told) => of(told.uri)?.heard(told));
  link.on("workspace.onDidCloseTextDocument", ({ uri }) => of(uri)?.closed());
  link.onOpen.add(() => shared.forEach((one) => one.back()));
});
