"""What of many files goes into a bounded text: each is scored by how much it matters, and the best are taken.

One that does not fit whole is folded to its signatures, and what does not fit even so is named. Values only, no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from extensions.coder.tokens import estimate

Fold = Callable[[str, str], str]
"""Path and text -> the signatures of what the file defines; empty where it defines nothing that can be told."""

WEIGHTS = (("is_named", 8.0), ("is_edited", 6.0), ("has_problems", 4.0), ("is_visible", 3.0), ("is_open", 2.0))
"""How much each thing that is known of a file adds to its score."""

RECENT = 5.0
"""What the file that was used last has for it; each one before it a part less."""

NEVER = 1_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may go in, and why it may matter."""

    path: str
    text: str = field(repr=False)
    is_named: bool = False
    """The user named it."""
    is_edited: bool = False
    has_problems: bool = False
    is_visible: bool = False
    is_open: bool = False
    age: int = NEVER
    """How many others were used since it was."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file that goes in; `is_folded`: only its signatures."""

    path: str
    text: str = field(repr=False)
    tokens: int
    is_folded: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What goes in, the most important first, and the paths of what does not."""

    chosen: tuple[Chosen, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def tokens(self) -> int:
        return sum(one.tokens for one in self.chosen)


def importance(one: Candidate) -> float:
    """How much a file matters: what is known of it, how lately it was used, and that small ones cost little."""
    known = sum(weight for name, weight in WEIGHTS if getattr(one, name))
    recent = RECENT / (1 + one.age)
    return known + recent + 1 / (1 + estimate(one.text) / 1_000)


def select(candidates: Iterable[Candidate], budget: int, fold: Fold | None = None, *, most: float = 0.5) -> Choice:
    """The best files within `budget` tokens. One that would take more than `most` of it is folded first."""
    chosen, left_out, left = [], [], budget
    for one in sorted(candidates, key=lambda file: (-importance(file), file.path)):
        taken = compressed(one, min(left, int(budget * most)), left, fold)
        if taken is None:
            left_out.append(one.path)
        else:
            chosen.append(taken)
            left -= taken.tokens
    return Choice(tuple(chosen), tuple(left_out))


def compressed(one: Candidate, whole: int, folded: int, fold: Fold | None) -> Chosen | None:
    """The file whole where it takes no more than `whole` tokens, else folded within `folded`, else None."""
    tokens = estimate(one.text)
    if tokens <= whole:
        return Chosen(one.path, one.text, tokens)
    text = fold(one.path, one.text) if fold is not None else ""
    tokens = estimate(text)
    return Chosen(one.path, text, tokens, True) if text and tokens <= folded else None
