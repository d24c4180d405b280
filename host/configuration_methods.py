"""What a client may ask of the user's settings. `methods.py` publishes these."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from host.caller import Caller
from host.contract import Contract
from shim.configuration import Configurations

CONTRACT = Contract()
method = CONTRACT.method

Key = Annotated[str, StringConstraints(min_length=1, max_length=1_024)]


@method("workspace.getConfiguration")
async def get_configuration(caller: Caller, section: Annotated[str, StringConstraints(max_length=1_024)] = "") -> Any:
    """The settings of a section as nested objects, or one setting; all of them where no section is named.

    Defaults of extensions, then the user's own, then those of the workspace's `.vscode/settings.json`.
    """
    await caller.session.get(Configurations).refresh()
    return caller.session.settings.effective(section or None)


@method("workspace.updateConfiguration")
async def update_configuration(caller: Caller, key: Key, value: Any, target: Literal["global", "workspace"]) -> None:
    """Change a setting for the user or for the workspace; answered once it is on the disk.

    Null removes it, unless it is one that may be null. A setting that no extension registered is kept as it is.
    """
    configurations = caller.session.get(Configurations)
    await configurations.update(key, caller.session.settings.meant(key, value), target)
