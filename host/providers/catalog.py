"""What is known of models by their names: how much they take and give. Others get a careful guess. Nobody is asked."""

from __future__ import annotations

import re
from typing import NamedTuple

from host.providers.account import Account
from sessions.models import Capabilities, Model


class Known(NamedTuple):
    """Models whose name matches: tokens of input and output, and whether they think and see."""

    name: str
    input: int
    output: int
    thinks: bool = False
    sees: bool = True


KNOWN = (
    Known(r"claude-3-haiku", 200_000, 4_096),
    Known(r"claude-3-5-", 200_000, 8_192),
    Known(r"claude-3-7-|claude-.*(sonnet|opus|haiku)-[4-9]|claude-(sonnet|opus|haiku)", 200_000, 32_000, thinks=True),
    Known(r"claude", 200_000, 8_192),
    Known(r"gpt-5|o[1-9](-|$)", 272_000, 64_000, thinks=True),
    Known(r"gpt-4\.1", 1_000_000, 32_768),
    Known(r"gpt-4o|chatgpt-4o", 128_000, 16_384),
    Known(r"gemini-(2\.5|3)", 1_000_000, 65_536, thinks=True),
    Known(r"gemini", 1_000_000, 8_192),
    Known(r"deepseek", 128_000, 8_192, thinks=True, sees=False),
    Known(r"llava|vision|-vl", 32_768, 4_096),
)
UNKNOWN = Known("", 128_000, 8_192, sees=False)


def described(account: Account, name: str) -> Model:
    """The model of that name, without its price."""
    found = next((one for one in KNOWN if re.search(one.name, name)), UNKNOWN)
    family = re.sub(r"[-@:]\d{6,}.*$|:latest$", "", name)
    version = name.removeprefix(family).lstrip("-@:")
    return Model(
        f"{account.provider}/{name}",
        name,
        account.provider,
        family,
        version,
        found.input,
        found.output,
        Capabilities(tools=True, images=found.sees, thinking=found.thinks),
    )
