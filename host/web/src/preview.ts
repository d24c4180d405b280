// A dev server of the user's, shown through the host in a tab of its own.
import { askText } from "./dialogs";
import { address, notify } from "./host";

export async function preview(): Promise<void> {
  const port = await askText({ title: "Port of your dev server", placeHolder: "8000" });
  if (port === null) return;
  if (!/^[1-9]\d{0,4}$/.test(port.trim())) return notify("port: a number such as 8000", "error");
  window.open(address(`preview/${port.trim()}/`), "_blank", "noreferrer");
}
