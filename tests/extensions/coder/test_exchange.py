"""What Roo Code exports is taken in: settings by their names, modes with their rules; and modes are given out alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from extensions.coder.roo_settings import PROVIDERS, exported
from tests.extensions.coder.scripted import Agent, Model, agents

pytestmark = pytest.mark.anyio

EXPORT = {
    "providerProfiles": {
        "currentApiConfigName": "default",
        "apiConfigs": {"default": {"apiProvider": "anthropic", "apiKey": "sk-secret", "consecutiveMistakeLimit": 5}},
    },
    "globalSettings": {
        "autoApprovalEnabled": True,
        "alwaysAllowWrite": True,
        "allowedCommands": ["npm test", "git log"],
        "allowedMaxRequests": None,
        "autoCondenseContextPercent": 60,
        "followupAutoApproveTimeoutMs": 5,
        "soundEnabled": True,
        "maxWorkspaceFiles": 50,
        "customModes": [
            {"slug": "own", "name": "Own", "roleDefinition": "You are.", "groups": ["read"], "source": "global"},
            {"slug": "theirs", "name": "T", "roleDefinition": "You are.", "groups": ["read"], "source": "project"},
        ],
    },
}
REVIEWER = """customModes:
  - slug: reviewer
    name: Reviewer
    roleDefinition: You review — “carefully”.
    groups: [read, [edit, {fileRegex: '\\.md$', description: Markdown}]]
    rulesFiles:
      - {relativePath: rules-reviewer/a.md, content: "Begin – with the tests.\\n"}
      - {relativePath: deep/b.md, content: "Be kind.\\n"}
      - {relativePath: ../../.bashrc, content: evil}
      - {relativePath: /etc/x, content: evil}
      - {relativePath: 'rules-reviewer\\..\\..\\x', content: evil}
      - {relativePath: c.md}
      - {relativePath: NAME, content: x}
      - {relativePath: a.md/b.md, content: x}
  - {slug: broken, name: Broken}
""".replace("NAME", "n" * 300)


async def taken(agent: Agent, **given: Any) -> dict[str, Any]:
    answer = await agent.client.post("/api/v1/modes", json=given)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_settings_of_roo_code_are_taken_by_their_names_and_no_key_with_them(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=[])) as agent:
        ada = agent("ada")
        answer = await ada.client.post("/api/v1/autoapprove/import", json={"settings": EXPORT})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert found["taken"] == [
            "coder.allowedCommands", "coder.alwaysAllowWrite", "coder.autoApprovalEnabled", "coder.condense.threshold",
            "coder.consecutiveMistakeLimit", "coder.customModes", "coder.maxWorkspaceFiles",
        ]  # fmt: skip
        assert found["leftOut"][:2] == [PROVIDERS, "nothing here is like soundEnabled"]
        assert "followupAutoApproveTimeoutMs" in found["leftOut"][2]
        allowed = (await ada.client.get("/api/v1/autoapprove")).json()
        assert (allowed["alwaysAllowWrite"], allowed["allowedCommands"]) == (True, ["npm test", "git log"])
        slugs = [one["slug"] for one in (await ada.client.get("/api/v1/modes")).json()]
        assert "own" in slugs
        assert "theirs" not in slugs


@pytest.mark.parametrize("given", [{}, {"globalSettings": 3}, {"providerProfiles": {"apiConfigs": []}}, {"a" * 99: {}}])
def test_what_is_no_export_has_no_settings(given: dict[str, Any]) -> None:
    assert exported(given).settings == {}


async def test_modes_come_and_go_with_their_rules_and_nothing_beside_them(tmp_path: Path) -> None:
    async with agents(tmp_path, Model(main=[])) as agent:
        ada = agent("ada")
        await ada.write(".roomodes", "customModes:\n- {slug: old, name: Old, roleDefinition: r, groups: [], x: 1}\n")
        found = await taken(ada, text=REVIEWER)
        assert found["modes"] == ["reviewer"]
        assert found["files"] == [f"/workspace/.roo/rules-reviewer/{name}" for name in ("a.md", "deep/b.md")]
        assert len(found["leftOut"]) == 7, found
        kept = yaml.safe_load(str(await ada.read(".roomodes")))["customModes"]
        assert [one["slug"] for one in kept] == ["old", "reviewer"]
        assert kept[0]["x"] == 1
        assert kept[1]["roleDefinition"] == "You review — “carefully”."
        assert await ada.read(".roo/rules-reviewer/a.md") == "Begin – with the tests.\n"
        first = (await ada.client.get("/api/v1/modes/reviewer/export")).json()["text"]
        assert (await taken(ada, text=first, where="global"))["leftOut"] == []
        await ada.write(".roomodes", "{")
        assert (await ada.client.get("/api/v1/modes/reviewer/export")).json()["text"] == first
        for text, status in (("a: [", 422), ("- a", 422), ("customModes: [{slug: a}]", 422), (REVIEWER, 409)):
            assert (await ada.client.post("/api/v1/modes", json={"text": text})).status_code == status
        assert await ada.read(".roomodes") == "{"
        assert (await ada.client.get("/api/v1/modes/nobody/export")).status_code == 404
