"""The settings that Roo Code exports, as ours. Values in, values out.

Keys and models of its providers are not read: whoever sends an export may not know that it holds keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from extensions.coder.permissions import SWITCHES

SAME = frozenset({
    *SWITCHES.values(), "autoApprovalEnabled", "allowedCommands", "deniedCommands", "allowedMaxRequests",
    "allowedMaxCost", "followupAutoApproveTimeoutMs", "commandExecutionTimeout", "commandTimeoutAllowlist",
    "terminalOutputPreviewSize", "preventCompletionWithOpenTodos", "newTaskRequireTodos", "enableCheckpoints",
    "consecutiveMistakeLimit", "language", "customInstructions", "customModes", "useAgentRules",
    "enableSubfolderRules", "disabledTools", "maxWorkspaceFiles", "maxOpenTabsContext", "includeDiagnosticMessages",
    "maxDiagnosticMessages",
})  # fmt: skip
"""Settings of the same name and meaning."""

OTHERS = MappingProxyType(
    {"autoCondenseContext": "condense.enabled", "autoCondenseContextPercent": "condense.threshold"}
)
"""Settings of the same meaning, by their names there."""

PROVIDERS = "providerProfiles: keys and models of an export are not read; set them in the settings, under Models"
NAMED = 40
"""Settings without a counterpart that are named."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export says: our settings by name, and a sentence for all that is none of them."""

    settings: dict[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def exported(given: Mapping[str, Any]) -> Exported:
    """An export's settings; `given` may also be its `globalSettings` alone."""
    inner = given.get("globalSettings", given)
    theirs = {str(name): value for name, value in inner.items()} if isinstance(inner, Mapping) else {}
    profiles = given.get("providerProfiles")
    theirs |= _of_profile(profiles if isinstance(profiles, Mapping) else {})
    known = {name: OTHERS.get(name, name) for name in theirs if name in SAME or name in OTHERS}
    found = {known[name]: value for name, value in theirs.items() if name in known and value is not None}
    if isinstance(modes := found.get("customModes"), list):  # a project has its own in `.roomodes`
        found["customModes"] = [one for one in modes if not isinstance(one, Mapping) or one.get("source") != "project"]
    others = sorted(theirs.keys() - known.keys() - {"providerProfiles"})
    left = [PROVIDERS] if profiles else []
    if others:
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        left.append(f"nothing here is like {', '.join(name[:60] for name in others[:NAMED])}{more}")
    return Exported(found, tuple(left))


def _of_profile(profiles: Mapping[str, Any]) -> dict[str, Any]:
    """The one setting of the provider in use that is not about it."""
    every, name = profiles.get("apiConfigs"), profiles.get("currentApiConfigName")
    used = every.get(name) if isinstance(every, Mapping) and isinstance(name, str) else None
    limit = used.get("consecutiveMistakeLimit") if isinstance(used, Mapping) else None
    return {} if limit is None else {"consecutiveMistakeLimit": limit}
