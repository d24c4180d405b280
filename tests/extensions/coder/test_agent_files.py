"""The files that steer the agent: a Roo Code user's repository works as it is, and a broken file spoils only itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

import shim as vscode
from extensions.coder import agent_files as module
from extensions.coder import slash
from extensions.coder.agent_files import AgentFiles, told
from extensions.coder.modes import FileRestricted, check_tool
from extensions.coder.rules import LOCKED, MOST_CHARACTERS, Rules, Wishes
from sessions.context import SessionContext
from tests.extensions.coder.conftest import lay
from tests.sessions.stores import eventually

pytestmark = pytest.mark.anyio

WORKSPACE = vscode.Uri.file("/workspace")


@pytest.fixture
def files(ada: SessionContext) -> AgentFiles:
    return AgentFiles()


def warnings(session: SessionContext) -> list[str]:
    """What the user is shown."""
    return [one.params["message"] for one in session.requests.waiting if one.method == "window.showMessage"]


# -- modes


async def test_a_projects_modes_stand_before_the_users_and_ours(files: AgentFiles, roo: vscode.Uri) -> None:
    modes = {mode.slug: mode for mode in await files.modes(roo)}
    assert list(modes) == ["architect", "code", "ask", "debug", "orchestrator", "reviewer", "writer"]
    assert (modes["reviewer"].name, modes["reviewer"].source) == ("Reviewer", "project")
    assert (modes["code"].name, modes["code"].source) == ("Shop Code", "project")
    assert (modes["writer"].source, modes["ask"].source) == ("global", "built-in")
    assert modes["reviewer"].instructions == "Begin with the tests."
    check_tool("write_to_file", modes["reviewer"], {"path": "docs/a.mdx", "content": ""})
    with pytest.raises(FileRestricted, match="Documentation only"):
        check_tool("write_to_file", modes["reviewer"], {"path": "a.py", "content": ""})


async def test_clients_are_told_of_modes_as_files_spell_them(files: AgentFiles, roo: vscode.Uri) -> None:
    reviewer = await files.mode(roo, "reviewer")
    assert reviewer is not None
    assert told(reviewer) == {
        "slug": "reviewer",
        "name": "Reviewer",
        "description": "Reviews changes",
        "whenToUse": "Use it to look through a change before it is merged.",
        "source": "project",
        "groups": ["read", ["edit", {"fileRegex": r"\.(md|mdx)$", "description": "Documentation only"}], "mcp"],
    }


async def test_every_mode_of_ours_says_what_it_is_and_when(files: AgentFiles) -> None:
    for mode in await files.modes(WORKSPACE):
        assert mode.role.startswith("You are"), mode.slug
        assert mode.description
        assert mode.when_to_use


async def test_a_broken_mode_is_told_once_and_the_others_work(files: AgentFiles, ada: SessionContext) -> None:
    good = {"slug": "good", "name": "Good", "roleDefinition": "You are.", "groups": ["read"]}
    await lay({".roomodes": orjson.dumps({"customModes": [{**good, "slug": "b a d"}, good]}).decode()})
    for _ in range(3):
        modes = await files.modes(WORKSPACE)
    assert "good" in [mode.slug for mode in modes]
    await eventually(lambda: warnings(ada))
    assert warnings(ada) == [
        "/workspace/.roomodes, line 1: customModes[0].slug: 'b a d' must be letters, digits and dashes; "
        "write it as in `- slug: reviewer`"
    ]


async def test_the_setting_and_the_agents_own_folder_have_modes_too(ada: SessionContext) -> None:
    mode = {"slug": "set", "name": "Set", "roleDefinition": "You are set.", "groups": []}
    ada.settings.register_defaults({"coder.customModes": [mode]})
    await lay({"~/agent/settings/custom_modes.yaml": "customModes: []"})
    found = await AgentFiles(vscode.Uri.file("/home/agent")).mode(WORKSPACE, "set")
    assert found is not None
    assert found.role == "You are set."


async def test_who_watches_hears_of_a_change(files: AgentFiles, ada: SessionContext) -> None:
    heard: list[None] = []
    files.changed.event(heard.append)
    with_watch = files.watch(WORKSPACE)
    await lay({"src/a.py": "", ".roomodes": "customModes: []"})
    await eventually(lambda: bool(heard))
    with_watch.dispose()


async def test_what_is_watched_is_read_once_until_it_changes(
    files: AgentFiles, ada: SessionContext, roo: vscode.Uri, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    real = type(ada.files).read

    async def counted(self: Any, path: Any, *more: Any, **named: Any) -> Any:
        read.append(path)
        return await real(self, path, *more, **named)

    monkeypatch.setattr(module, "WARM_S", 0.0)
    watching = files.watch(roo)
    first = [await files.modes(roo), await files.rules(roo, "code", Wishes()), await files.skills(roo, "code")]
    await files.access(roo)
    monkeypatch.setattr(type(ada.files), "read", counted)
    again = [await files.modes(roo), await files.rules(roo, "code", Wishes()), await files.skills(roo, "code")]
    await files.access(roo)
    assert (again, read) == (first, [])
    await lay({".roo/rules/new.md": "Write it down.", "~/.roo/rules/own.md": "Mine."})
    async with asyncio.timeout(10):
        while not {"Write it down.", "Mine."} <= set((await files.rules(roo, "code", Wishes())).text.splitlines()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    watching.dispose()
    await lay({".roo/rules/new.md": "At once."})
    read.clear()
    assert "At once." in (await files.rules(roo, "code", Wishes())).text
    assert read


# -- rules


async def rules(files: AgentFiles, mode: str, **wishes: Any) -> Rules:
    return await files.rules(WORKSPACE, mode, Wishes(**wishes))


def in_order(text: str, *pieces: str) -> None:
    places = [text.index(piece) for piece in pieces]
    assert places == sorted(places), dict(zip(pieces, places, strict=True))


async def test_rules_come_in_roo_codes_order(files: AgentFiles, roo: vscode.Uri) -> None:
    found = await rules(
        files, "code", language="Deutsch", instructions="Be brief.", mode_name="Code", mode_instructions="Be careful."
    )
    in_order(
        found.text,
        "Deutsch",
        "Be brief.",
        "Be careful.",
        "I like small functions.",
        "Every fix has a test.",
        LOCKED,
        "secrets/",
        "make test",
        "port 5433",
        "British English",
        "integers of cents",
        "in the singular",
    )
    assert "### .roo/rules/deep/02-names.md" in found.text
    for absent in ("left by an editor", "no longer count", "docs/adr"):
        assert absent not in found.text
    assert found.problems == ()


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({".roorules": "roo", ".clinerules": "cline"}, "roo"),
        ({".clinerules": "cline"}, "cline"),
        ({".clinerules/a.md": "folder"}, "folder"),
        ({".roorules-code": "of the mode", ".clinerules-code": "cline"}, "of the mode"),
        ({".clinerules-code/b.md": "of the mode"}, "of the mode"),
        ({"AGENT.md": "one agent"}, "one agent"),
        ({"AGENTS.md": "many", "AGENT.md": "one"}, "many"),
        ({"AGENTS.md": "\n", "AGENT.md": "one"}, "one"),
    ],
)
async def test_older_names_count_where_newer_ones_are_not_there(
    files: AgentFiles, names: dict[str, str], expected: str
) -> None:
    await lay(names)
    text = (await rules(files, "code")).text
    assert f"\n\n{expected}" in text
    assert all(f"\n\n{other}" not in text for other in set(names.values()) - {expected})


async def test_agent_files_can_be_turned_off(files: AgentFiles, roo: vscode.Uri) -> None:
    assert "make test" not in (await rules(files, "code", use_agent_files=False)).text


async def test_folders_below_have_rules_of_their_own_where_it_is_wanted(files: AgentFiles) -> None:
    await lay({"web/.roo/rules/css.md": "No inline styles.", "web/AGENTS.md": "Use pnpm.", "AGENTS.md": "Use make."})
    assert "pnpm" not in (await rules(files, "code")).text
    in_order((await rules(files, "code", use_subfolders=True)).text, "Use make.", "Use pnpm.", "No inline styles.")


async def test_a_link_leads_no_further_than_the_users_own_world(files: AgentFiles, tmp_path: Path) -> None:
    await lay({".roo/rules/a.md": "mine", "~/shared/team.md": "the team's"})
    rules_folder = tmp_path / "users/ada/root/workspace/.roo/rules"
    (rules_folder / "b.md").symlink_to("/home/shared/team.md")
    (rules_folder / "passwd").symlink_to("/etc/passwd")
    (rules_folder / "round").symlink_to(".")
    text = (await rules(files, "code")).text
    assert "the team's" in text
    assert "root:" not in text


async def test_what_is_too_large_is_named_and_left_out(files: AgentFiles, ada: SessionContext) -> None:
    large = {f".roo/rules/{n}.md": f"rule {n} " + "x" * 100_000 for n in range(3)}
    await lay({**large, "AGENTS.md": "y" * 140_000})
    found = await rules(files, "code")
    assert len(found.text) < MOST_CHARACTERS + 10_000
    assert "rule 0" in found.text
    assert "rule 2" not in found.text
    await eventually(lambda: any("AGENTS.md" in one and "may have" in one for one in warnings(ada)))
    assert "/workspace/.roo/rules/2.md: does not fit" in found.text


# -- commands


async def test_a_projects_commands_stand_before_the_users_and_ours(files: AgentFiles, roo: vscode.Uri) -> None:
    found = {one.name: one for one in await files.commands(roo)}
    assert list(found) == ["init", "release", "tidy"]
    assert (found["init"].source, found["init"].text) == ("project", "Our own init.")
    assert found["tidy"].source == "global"
    assert found["release"].told() == {
        "name": "release",
        "source": "project",
        "description": "Prepare a release",
        "argumentHint": "[version]",
        "mode": "code",
    }
    assert found["release"].text == "Write the changelog, then tag."


async def test_without_a_project_there_is_our_init(files: AgentFiles) -> None:
    (init,) = await files.commands(WORKSPACE)
    assert (init.name, init.source) == ("init", "built-in")
    assert "AGENTS.md" in init.text


async def test_commands_may_be_links_to_files_and_folders_of_the_users_own_world(
    files: AgentFiles, tmp_path: Path
) -> None:
    await lay({".roo/commands/own.md": "Mine.", ".roo/commands/deep/er.md": "Passed over.", "notes.txt": "No command."})
    await lay({"shared/deploy.md": "Deploy it.", "shared/own.md": "Theirs.", "shared/more/a.md": "Passed over, too."})
    folder = tmp_path / "users/ada/root/workspace/.roo/commands"
    for name, target in (
        ("team", "../../shared"), ("ship", "../../shared/deploy.md"), ("ship2.md", "../../shared/deploy.md"),
        ("text", "../../notes.txt"), ("gone.md", "nowhere.md"), ("round", "."), ("out.md", "/etc/passwd"),
    ):  # fmt: skip
        (folder / name).symlink_to(target)
    found = {one.name: one.text for one in await files.commands(WORKSPACE) if one.source == "project"}
    assert found == {"own": "Mine.", "deploy": "Deploy it.", "ship": "Deploy it.", "ship2": "Deploy it."}


async def test_the_commands_of_linked_folders_take_what_the_users_own_leave(
    files: AgentFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slash, "MOST", 5)
    await lay({f".roo/commands/own{at}.md": "Mine." for at in range(3)})
    await lay({f"{place}/{place}{at}.md": "Theirs." for place in ("shared", "team") for at in range(6)})
    for name in ("shared", "team"):
        (tmp_path / f"users/ada/root/workspace/.roo/commands/{name}").symlink_to(f"../../{name}")
    found = [one.name for one in await files.commands(WORKSPACE) if one.source == "project"]
    assert found == ["own0", "own1", "own2", "shared0", "shared1"]
    await lay({f".roo/commands/own{at}.md": "Mine." for at in range(9)})
    files = AgentFiles()
    found = [one.name for one in await files.commands(WORKSPACE) if one.source == "project"]
    assert found == ["own0", "own1", "own2", "own3", "own4"]


async def test_of_many_links_no_more_are_followed_than_are_looked_at(
    files: AgentFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slash, "LINKS", 9)
    asked: list[str] = []
    real = slash.paths.real
    monkeypatch.setattr(slash.paths, "real", lambda uri: (asked.append(uri.path), real(uri))[1])
    await lay({".roo/commands/z.md": "Mine.", "notes.txt": "No command.", "shared/s.md": "Theirs."})
    folder = tmp_path / "users/ada/root/workspace/.roo/commands"
    for at in range(20):
        (folder / f"notes{at:02}").symlink_to("../../notes.txt")
        (folder / f"shared{at:02}").symlink_to("../../shared")
    found = {one.name for one in await files.commands(WORKSPACE) if one.source == "project"}
    assert found == {"z"}
    below = [path for path in asked if path.startswith("/workspace/.roo/commands") and not path.endswith("z.md")]
    assert len(below) == 9


# -- skills


async def test_skills_are_a_modes_and_the_nearest_stands_before_the_others(files: AgentFiles, roo: vscode.Uri) -> None:
    assert [one.name for one in await files.skills(roo, "code")] == ["greet", "migrate"]
    found = {one.name: one for one in await files.skills(roo, "debug")}
    assert list(found) == ["greet", "migrate", "trace"]
    assert found["migrate"].path == "/workspace/.roo/skills/migrate/SKILL.md"
    assert found["trace"].mode == "debug"


@pytest.mark.parametrize(
    ("head", "modes"),
    [
        ("modeSlugs: [code, debug]", {"code", "debug"}),
        ("modeSlugs: ask", {"ask"}),
        ("mode: debug", {"debug"}),
        ("modeSlugs: []", {"code", "debug", "ask"}),
        ("modeSlugs: [code]\nmode: debug", {"code"}),
        ("mode: 3", {"code", "debug", "ask"}),
    ],
)
async def test_a_skill_may_say_itself_which_modes_it_is_for(files: AgentFiles, head: str, modes: set[str]) -> None:
    await lay({".roo/skills/tidy/SKILL.md": f"---\nname: tidy\ndescription: Tidy up\n{head}\n---\nText."})
    assert {mode for mode in ("code", "debug", "ask") if await files.skills(WORKSPACE, mode)} == modes


@pytest.mark.parametrize(
    ("folder", "head", "rule"),
    [
        ("tidy", "name: other\ndescription: x", "must be the name of its folder"),
        ("Tidy", "name: Tidy\ndescription: x", "lower-case words"),
        ("tidy", "name: tidy", "must say in 1 to 1024 characters"),
    ],
)
async def test_a_skill_that_breaks_a_rule_is_told(
    files: AgentFiles, ada: SessionContext, folder: str, head: str, rule: str
) -> None:
    await lay({f".roo/skills/{folder}/SKILL.md": f"---\n{head}\n---\ntext"})
    assert await files.skills(WORKSPACE, "code") == []
    await eventually(lambda: [one for one in warnings(ada) if rule in one])


# -- what is closed


async def test_the_agent_sees_what_the_ignore_file_leaves_it(files: AgentFiles, roo: vscode.Uri) -> None:
    access = await files.access(roo)
    assert access.can_read("/workspace/src/shop/cart.py")
    assert not access.can_read("/workspace/secrets/token.txt")


async def test_without_an_ignore_file_everything_is_open(files: AgentFiles) -> None:
    assert (await files.access(WORKSPACE)).can_read("/workspace/secrets/token.txt")


@pytest.mark.parametrize("rules", ["*.log\n" * 30_000, "a\n" + "b" * 1_025])
async def test_an_ignore_file_that_nobody_can_read_closes_everything(
    files: AgentFiles, ada: SessionContext, rules: str
) -> None:
    await lay({".rooignore": rules})
    assert not (await files.access(WORKSPACE)).can_read("/workspace/README.md")
    await eventually(lambda: [one for one in warnings(ada) if "sees no file" in one])


async def test_a_line_of_the_ignore_file_that_is_no_pattern_is_told_and_the_others_count(
    files: AgentFiles, ada: SessionContext
) -> None:
    await lay({".rooignore": "key\\\n[z-a]\nsecrets/\n"})
    access = await files.access(WORKSPACE)
    assert not access.can_read("/workspace/Secrets/token.txt")
    assert access.can_read("/workspace/README.md")
    await eventually(lambda: [one for one in warnings(ada) if "'[z-a]' is no pattern and closes nothing" in one])


async def test_where_nothing_more_can_be_watched_files_are_read_each_time(
    roo: vscode.Uri, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise vscode.FileSystemError.unavailable("the host may watch no more directories")

    monkeypatch.setitem(vars(vscode.workspace), "create_file_system_watcher", refuse)
    files = AgentFiles(watches=True)
    assert "fresh" not in {mode.slug for mode in await files.modes(roo)}
    await lay({".roomodes": "customModes: [{slug: fresh, name: Fresh, roleDefinition: You are., groups: [read]}]"})
    assert "fresh" in {mode.slug for mode in await files.modes(roo)}
