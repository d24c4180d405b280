"""Keeps a namespace of the API as it is: its module is everybody's, so what one extension set would reach all users."""

from __future__ import annotations

import sys
from types import ModuleType


class Namespace(ModuleType):
    """A module that nobody assigns to from outside; a submodule may still be bound, as imports do."""

    def __setattr__(self, name: str, given: object) -> None:
        if isinstance(given, ModuleType) and given.__name__ == f"{self.__name__}.{name}":
            super().__setattr__(name, given)
        else:
            raise AttributeError(f"{self.__name__}.{name} is read-only: it is the same for all users")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{self.__name__}.{name} is read-only: it is the same for all users")


def fix(name: str) -> None:
    """Let nobody change the module of this name any more; called with `__name__` at its end."""
    sys.modules[name].__class__ = Namespace
