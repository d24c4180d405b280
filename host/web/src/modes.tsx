// Modes of the agent: which there are, and how they go from place to place.
import { useEffect, useState } from "preact/hooks";
import { giveOut, TakeIn } from "./exchange";
import { relative, rest } from "./host";
import { Icon } from "./icons";
import { ofAgent } from "./settings";

export function Modes() {
  const [all, setAll] = useState<any[]>([]), [none, setNone] = useState(""), [wrong, setWrong] = useState(""), [where, setWhere] = useState("project");
  const load = () => ofAgent("api/v1/modes").then((one) => setAll(one.modes ?? one), (error) => setNone(error.message));
  useEffect(() => void load(), []);
  const give = (slug: string) => rest("GET", `api/v1/modes/${encodeURIComponent(slug)}/export`).then(({ text }) => (setWrong(""), giveOut(`${slug}.yaml`, text)), (error) => setWrong(error.message));
  const take = async (text: string) => {
    const { modes, files, leftOut } = await rest("POST", "api/v1/modes", { text, where });
    await load();
    return { done: `Imported ${modes.join(", ")}${files.length ? `, with ${files.map(relative).join(", ")}` : ""}.`, leftOut };
  };
  if (none) return <p class="empty">{none}</p>;
  return (
    <>
      <h2>Modes</h2>
      <p class="quiet">Yours are files in the workspace; edit them there.</p>
      <ul class="lines">{all.map((one) => (
        <li key={one.slug}><b>{one.name}</b><small>{one.slug}</small><span class="gap" /><button class="plain" aria-label={`Export ${one.name}`} title="Export with its rules" onClick={() => void give(one.slug)}><Icon name="download" size={14} /></button><p>{one.description ?? one.whenToUse ?? one.roleDefinition?.slice(0, 200)}</p></li>
      ))}</ul>
      {wrong && <p class="wrong" role="alert">{wrong}</p>}
      <h2>Import <small>a file that was exported here or in Roo Code; a mode of the same name takes the place of yours</small></h2>
      <div class="choice" role="group" aria-label="Where imported modes are kept">{[["project", "In the workspace"], ["global", "For me, everywhere"]].map(([one, title]) => <button key={one} aria-pressed={where === one} onClick={() => setWhere(one!)}>{title}</button>)}</div>
      <TakeIn label="Import modes…" accept=".yaml,.yml,.json" take={take} />
    </>
  );
}
