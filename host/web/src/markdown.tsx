// Markdown of models, safe to show: block by block, so that a text that grows redraws only its last block.
import DOMPurify from "dompurify";
import { marked } from "marked";
import { memo } from "./memo";

marked.setOptions({ gfm: true, breaks: false, async: false });
DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A") {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noreferrer noopener");
  }
});
const RULES = { FORBID_TAGS: ["style", "form", "input", "button", "textarea", "select", "iframe", "img", "svg", "math"], FORBID_ATTR: ["style", "class", "id", "name"] };

/** Safe HTML of a text that nobody vouches for. */
export const htmlOf = (text: string) => DOMPurify.sanitize(marked.parse(text) as string, RULES);

const Block = memo(({ raw }: { raw: string }) => <div class="block" dangerouslySetInnerHTML={{ __html: htmlOf(raw) }} />);

export function Markdown({ text }: { text: string }) {
  return <div class="markdown">{marked.lexer(text).filter((one) => one.type !== "space").map((one, index) => <Block key={index} raw={one.raw} />)}</div>;
}
