// Makes dist/ of src/: hashed files with their .gz and .br beside them, and the page that names them.
import { build } from "esbuild";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const here = new URL(".", import.meta.url).pathname;
const out = `${here}dist`;
await rm(out, { recursive: true, force: true });
const result = await build({
  entryPoints: [`${here}src/main.tsx`, `${here}src/style/page.css`],
  outdir: `${out}/assets`,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022"],
  minify: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});
const names = Object.keys(result.metafile.outputs).map((one) => one.split("/").pop());
const entry = (end) => names.find((one) => /^(main|page)-/.test(one) && one.endsWith(end));
const page = (await readFile(`${here}src/page.html`, "utf8"))
  .replace("{script}", `assets/${entry(".js")}`)
  .replace("{style}", `assets/${entry(".css")}`);
await mkdir(out, { recursive: true });
await writeFile(`${out}/page.html`, page);
await writeFile(`${out}/meta.json`, JSON.stringify(sizes(result.metafile)));

const brotli = promisify(brotliCompress), zip = promisify(gzip);
await Promise.all(
  (await readdir(`${out}/assets`)).map(async (name) => {
    const file = `${out}/assets/${name}`, content = await readFile(file);
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
    await Promise.all([
      writeFile(`${file}.gz`, await zip(content, { level: 9 })),
      writeFile(`${file}.br`, await brotli(content, quality)),
    ]);
  }),
);

/** What is loaded before anything is asked for (`first`), and all there is: names under assets/. */
function sizes(meta) {
  const first = new Set(), look = (path) => {
    if (first.has(path)) return;
    first.add(path);
    for (const one of meta.outputs[path].imports) if (one.kind === "import-statement") look(one.path);
  };
  for (const path of Object.keys(meta.outputs)) if (/\/(main|page)-[^/]+$/.test(path)) look(path);
  const plain = (path) => path.split("/").pop();
  return { first: [...first].map(plain), all: Object.keys(meta.outputs).map(plain) };
}
