"""The prompts that come with the agent: files below `prompts/`, reviewed as prose, with `{{names}}` to fill in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from extensions.coder.modes import BUILT_IN, Mode
from extensions.coder.yamltext import front_matter

FOLDER = Path(__file__).parent / "prompts"
GAP = re.compile(r"\{\{(\w+)\}\}")


def load() -> dict[str, str]:
    """Every prompt by its path without `.md`, such as `modes/code`. It reads files: call it in a thread."""
    return {
        str(path.relative_to(FOLDER).with_suffix("")): path.read_text(encoding="utf-8").strip()
        for path in sorted(FOLDER.rglob("*.md"))
    }


def filled(text: str, **values: str) -> str:
    """The text with every `{{name}}` replaced. Raises `KeyError` for one that is not given."""
    return GAP.sub(lambda gap: values[gap[1]], text)


def built_in_modes(texts: Mapping[str, str]) -> tuple[Mode, ...]:
    """The modes that come with the agent: the first paragraph of a file is its role, the rest its instructions."""
    return tuple(_described(mode, texts[f"modes/{mode.slug}"]) for mode in BUILT_IN)


def _described(mode: Mode, text: str) -> Mode:
    head, body = front_matter(text)
    role, _, instructions = body.partition("\n\n")
    return replace(
        mode,
        role=role.strip(),
        instructions=instructions.strip(),
        description=str(head["description"]),
        when_to_use=str(head["when_to_use"]),
    )
