"""JSON that is text already: made and checked by whoever has it, to be put into greater JSON as it is."""

from __future__ import annotations


class Json(bytes):
    """The JSON of one value, in UTF-8."""

    __slots__ = ()
