// `when` clauses: what must be so for a command or a key to be there, in VS Code's grammar. It knows no state.

/** The value of a context key. */
export type Context = (key: string) => unknown;
type Test = (context: Context) => boolean;
/** A clause and its opposite, which is not always what it is not: `a < 1` and `a >= 1` are both false of a word. */
type Clause = { is: Test; not: Test };
type Token = { kind: string; text: string };

const WORD = String.raw`[\w<>\-./\\:*?+[\]^,#@;"%$\p{L}]+`;
const TOKEN = new RegExp(String.raw`(?<blank>[ \r\t\n\u00a0]+)|(?<sign>[()]|!={0,2}|={2,3}|=~|[<>]=?|&&|\|\|)|'(?<quoted>[^']*)'|(?<regex>\/(?:\\[^]|\[(?:\\[^]|[^\]\\])*\]|[^\/\\[])*\/[igsmyu]*)|(?<wrong>['\/][^]*|[=&|])|(?<word>${WORD})|[^]`, "uy");
const KEYWORDS = ["not", "in", "true", "false"];

function scan(text: string): Token[] {
  const found: Token[] = [];
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.length; ) {
    const { sign, quoted, regex, wrong, word } = TOKEN.exec(text)!.groups!;
    if (sign) found.push({ kind: sign.replace(/(?<=^[!=]=)=$/, ""), text: sign });
    else if (quoted !== undefined) found.push({ kind: "quoted", text: quoted });
    else if (regex) found.push({ kind: "regex", text: regex });
    else if (wrong) found.push({ kind: "wrong", text: wrong });
    else if (word) found.push({ kind: KEYWORDS.includes(word) ? word : "word", text: word });
  }
  return found;
}

const flipped = ({ is, not }: Clause): Clause => ({ is: not, not: is });
const sure: Clause = { is: () => true, not: () => false };
const every = (all: Clause[]): Clause => ({ is: (context) => all.every((one) => one.is(context)), not: (context) => all.some((one) => one.not(context)) });
const some = (all: Clause[]): Clause => flipped(every(all.map(flipped)));
const plain = (is: Test): Clause => ({ is, not: (context) => !is(context) });
const has = (key: string) => plain((context) => !!context(key));

class Mistake extends Error {}

class Parser {
  #at = 0;
  constructor(readonly tokens: Token[]) {}

  whole(): Clause {
    const found = this.#or();
    if (this.#at < this.tokens.length) throw new Mistake();
    return found;
  }
  #kind = () => this.tokens[this.#at]?.kind;
  #take(kind?: string): Token {
    const found = this.tokens[this.#at];
    if (!found || (kind && found.kind !== kind)) throw new Mistake();
    this.#at++;
    return found;
  }
  #met(kind: string): boolean {
    return this.#kind() === kind && !!this.#take();
  }
  #several(sign: string, one: () => Clause, joined: (all: Clause[]) => Clause): Clause {
    const all = [one()];
    while (this.#met(sign)) all.push(one());
    return all.length > 1 ? joined(all) : all[0]!;
  }
  #or = (): Clause => this.#several("||", this.#and, some);
  #and = (): Clause => this.#several("&&", this.#term, every);
  #term = (): Clause => {
    if (!this.#met("!")) return this.#primary();
    return flipped(this.#kind() === "word" ? has(this.#take().text) : this.#constant());
  };
  #constant(): Clause {
    if (this.#met("true")) return sure;
    if (this.#met("false")) return flipped(sure);
    this.#take("(");
    const found = this.#or();
    this.#take(")");
    return found;
  }
  #primary(): Clause {
    if (this.#kind() !== "word") return this.#constant();
    const key = this.#take().text, sign = this.#kind() ?? "";
    if (this.#met("=~")) {
      const regex = this.#regex();
      return plain((context) => regex.test(String(context(key))));
    }
    if (this.#met("not")) return this.#take("in"), flipped(within(key, this.#value()));
    if (this.#met("in")) return within(key, this.#value());
    if (!/^(==|!=|[<>]=?)$/.test(sign)) return has(key);
    this.#take();
    const isQuoted = this.#kind() === "quoted", value = this.#value();
    if (sign !== "==" && sign !== "!=") return compared(key, sign, value);
    const is = !isQuoted && value === "true" ? has(key) : !isQuoted && value === "false" ? flipped(has(key)) : plain((context) => (context(key) as any) == value);
    return sign === "==" ? is : flipped(is);
  }
  /** What stands behind a sign; nothing is the empty text. */
  #value = (): string => (["word", "quoted", "true", "false", "in"].includes(this.#kind() ?? "") ? this.#take().text : "");
  /** A regular expression; slashes in it need not be escaped, so that it may be in several tokens. */
  #regex(): RegExp {
    const { kind, text } = this.#take();
    if (kind === "quoted") return made(text.slice(text.indexOf("/")), /^\/([^]*)\/(i?)/);
    if (kind !== "regex" && kind !== "wrong") throw new Mistake();
    let all = text, open = balance(text);
    for (let next = this.#kind(); next && next !== "&&" && next !== "||"; next = this.#kind()) {
      open += balance(this.tokens[this.#at]!.text);
      if (open < 0) break; // that one closes what is around
      all += this.#take().text;
    }
    return made(all, /^\/([^]*)\/([^/]*)$/);
  }
}

const balance = (text: string) => text.split("(").length - text.split(")").length;
function made(text: string, form: RegExp): RegExp {
  const [, source, flags = ""] = form.exec(text) ?? [];
  if (source === undefined) throw new Mistake();
  try {
    return new RegExp(source, flags.replace(/[gy]/g, ""));
  } catch {
    throw new Mistake();
  }
}

const within = (key: string, list: string): Clause => plain((context) => {
  const item = context(key), all = context(list);
  return Array.isArray(all) ? all.includes(item) : typeof item === "string" && typeof all === "object" && all !== null && Object.hasOwn(all, item);
});

function compared(key: string, sign: string, value: string): Clause {
  const limit = parseFloat(value), number = (context: Context) => parseFloat(String(context(key)));
  const less: Clause = { is: (context) => number(context) < limit, not: (context) => number(context) >= limit };
  const atMost: Clause = { is: (context) => number(context) <= limit, not: (context) => number(context) > limit };
  return sign === "<" ? less : sign === ">=" ? flipped(less) : sign === "<=" ? atMost : flipped(atMost);
}

const known = new Map<string, Clause | null>();

/** A clause; null where it is none, as it has a mistake. */
export function parse(text: string): Clause | null {
  try {
    return new Parser(scan(text)).whole();
  } catch (error) {
    if (error instanceof Mistake) return null;
    throw error;
  }
}

/** Whether a `when` holds. As in VS Code, one that is not there or has a mistake stands in nobody's way. */
export function holds(when: string | undefined, context: Context): boolean {
  if (!when) return true;
  if (!known.has(when)) known.set(when, parse(when));
  return known.get(when)?.is(context) ?? true;
}
