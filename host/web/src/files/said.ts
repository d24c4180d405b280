// What extensions say of a place, as the pointer shows it: markdown, code, or several of them.
import { htmlOf } from "../markdown";

export const textOf = (given: any): string => (Array.isArray(given) ? given.map(textOf).join("\n\n") : typeof given === "string" ? given : given?.language ? `\`\`\`${given.language}\n${given.value}\n\`\`\`` : given?.value ?? "");
export const said = (given: any): HTMLElement => Object.assign(document.createElement("div"), { className: "said markdown", innerHTML: htmlOf(textOf(given)) });
