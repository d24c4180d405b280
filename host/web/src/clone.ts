// Clone a repository: by the extension that can, with progress; where there is none in a terminal, where it is seen.
import { askText } from "./dialogs";
import { call, nameOf, notify, tell } from "./host";
import { reveal } from "./panel";
import { go } from "./router";

export async function clone(): Promise<void> {
  const url = (await askText({ title: "Repository to clone", placeHolder: "https://example.org/some/project.git" }))?.trim();
  if (!url) return;
  if (url.startsWith("-") || /\s/.test(url)) return notify("repository: an address without blanks that begins with no '-'", "error");
  try {
    const commands = await call("commands.getCommands", {});
    if (!commands.includes("git.clone")) {
      const { terminalId } = await call("window.createTerminal", { name: `clone ${url.split("/").pop()}`, shellPath: "git", shellArgs: ["clone", "--progress", "--", url] });
      return reveal(terminalId);
    }
    const folder = await call("commands.executeCommand", { command: "git.clone", arguments: [url] });
    if (!folder) return notify("The clone was stopped.");
    notify(`${nameOf(String(folder))} is cloned`);
    go("files");
  } catch (error) {
    tell(error);
  }
}
