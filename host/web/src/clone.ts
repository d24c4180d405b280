// Clone a repository in a terminal, where its progress is seen and questions are answered.
import { askText } from "./dialogs";
import { call, notify, tell } from "./host";
import { go } from "./router";

export async function clone(): Promise<void> {
  const url = (await askText({ title: "Repository to clone", placeHolder: "https://example.org/some/project.git" }))?.trim();
  if (!url) return;
  if (url.startsWith("-") || /\s/.test(url)) return notify("repository: an address without blanks that begins with no '-'", "error");
  try {
    const { terminalId } = await call("window.createTerminal", { name: `clone ${url.split("/").pop()}`, shellPath: "git", shellArgs: ["clone", "--progress", "--", url] });
    go("terminal", terminalId);
  } catch (error) {
    tell(error);
  }
}
