"""Which files speak most of what is asked for: words weighed by how rare they are. Values only, no I/O."""

from __future__ import annotations

import math
import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from extensions.coder.searching import Hits

MOST_WORDS = 12
SHORTEST = 3

COMMON = frozenset({
    "and", "are", "all", "any", "can", "code", "could", "did", "does", "done", "file", "files", "find", "for", "from",
    "get", "has", "have", "how", "into", "its", "made", "make", "not", "our", "should", "show", "that", "the", "their",
    "then", "there", "these", "they", "this", "used", "uses", "using", "was", "what", "when", "where", "which", "who",
    "why", "will", "with", "would", "you",
})  # fmt: skip

DEFINES = re.compile(
    r"^\s*(?:export\s+|public\s+|private\s+|protected\s+|static\s+|async\s+|abstract\s+|pub(?:\([^)]*\))?\s+|default\s+)*"
    r"(?:def|class|function|fn|func|interface|struct|type|enum|trait|module|impl|const|let|var|namespace|record)\b"
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A file, how much it speaks of what is asked for, and its lines that say most of it."""

    path: str
    score: float
    lines: tuple[int, ...] = field(default=())


def words_of(query: str) -> list[str]:
    """The words of a question that tell something, in their order: parts of names are words, too."""
    found: dict[str, None] = {}
    for name in re.findall(r"\w+", query):
        parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+", name)
        for word in (name, *parts):
            low = word.lower()
            if len(low) >= SHORTEST and low not in COMMON:
                found.setdefault(low)
    return list(found)[:MOST_WORDS]


def stem(word: str) -> str:
    """A word without the ending that its other forms do not have."""
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "ers", "ed", "es", "er", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
            return word[: -len(ending)]
    return word


def ranked(found: Sequence[Hits], words: Sequence[str], most: int, lines: int) -> list[Ranked]:
    """The best `most` files, each with its best `lines` lines."""
    stems = list(dict.fromkeys(map(stem, words)))
    said = {hits.path: {number: _said(text, stems) for number, text in hits.lines.items()} for hits in found}
    spread = Counter(word for each in said.values() for word in set().union(*each.values()))
    weight = {word: math.log(1 + len(found) / spread[word]) for word in spread}
    scored = [_scored(hits, said[hits.path], weight, stems, lines) for hits in found]
    return sorted(scored, key=lambda one: (-one.score, one.path))[:most]


def _scored(hits: Hits, said: dict[int, set[str]], weight: dict[str, float], stems: Sequence[str], most: int) -> Ranked:
    values = {number: _value(hits.lines[number], some, weight) for number, some in said.items()}
    best = sorted(values, key=lambda number: (-values[number], number))[:most]
    every = set().union(*said.values())
    name = posixpath.basename(hits.path).lower()
    named = sum(weight.get(word, 1.0) for word in stems if word in name)
    score = sum(weight[word] for word in every) * 2 + sum(values[number] for number in best) + named * 2
    return Ranked(hits.path, score, tuple(sorted(best)))


def _value(text: str, said: set[str], weight: dict[str, float]) -> float:
    value = sum(weight[word] for word in said)
    return value * 2 if DEFINES.match(text) else value


def _said(text: str, stems: Sequence[str]) -> set[str]:
    low = text.lower()
    return {word for word in stems if word in low}
