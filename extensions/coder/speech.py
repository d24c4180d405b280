"""What a person says to a task: text with its slash command and mentions unfolded, and pictures. It changes nothing."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import shim as vscode
from extensions.coder.mentions import PICTURE_BYTES as TOGETHER
from extensions.coder.mentions import World, expand
from extensions.coder.seen import Seen
from extensions.coder.task import Json
from shim.proposed.http import Invalid

if TYPE_CHECKING:
    from extensions.coder.house import House

LONGEST = 200_000
"""Characters of one message."""

PICTURES = 20
PICTURE_BYTES = 5 << 20
PICTURE = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64")


@dataclass(frozen=True, slots=True)
class Speech:
    """A message: as it was typed, and the parts that the model is sent."""

    text: str
    content: list[Json]
    mode: str | None = None
    """The mode that its slash command asks for."""
    images: list[Json] = field(default_factory=list)
    seen: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The files whose text it brings, by their paths."""

    @property
    def plain(self) -> str:
        """All of its text."""
        return "\n\n".join(one["text"] for one in self.content if one["type"] == "text")


def quoted(text: str) -> Speech:
    """What a model wrote, as an answer: it names nothing and calls no command, whoever chose it."""
    return Speech(text, [{"type": "text", "text": text}])


async def spoken(house: House, cwd: str, mode: str, message: object, images: Sequence[object] = ()) -> Speech:
    """Read a message that a person wrote to a task of that mode. Raises `Invalid`."""
    if not isinstance(message, str) or not message.strip():
        raise Invalid("message", "must be a text that is not empty")
    if len(message) > LONGEST:
        raise Invalid("message", f"has {len(message)} characters, and {LONGEST} may be; put long texts into a file")
    pictures = [await asyncio.to_thread(_picture, at, one) for at, one in enumerate(_listed(images))]
    room = TOGETHER - sum(len(one["data"]) * 3 // 4 for one in pictures)
    if room < 0:
        raise Invalid("images", f"have {TOGETHER - room} bytes together, and {TOGETHER} may be; send fewer at once")
    folder = vscode.Uri.file(cwd)
    files = house.files
    access, commands, skills = await asyncio.gather(
        files.access(folder), files.commands(folder), files.skills(folder, mode)
    )
    found = await expand(message, World(folder, access, commands, skills, room=room, turn=files.turn))
    pictures += [{"media_type": one.mime, "data": base64.b64encode(one.data).decode()} for one in found.images]
    content: list[Json] = [{"type": "text", "text": found.whole}]
    content += [{"type": "image", "source": {"type": "base64", **one}} for one in pictures]
    mode_of = await files.mode(folder, found.mode) if found.mode else None  # one that is not there changes nothing
    return Speech(message, content, mode_of.slug if mode_of is not None else None, pictures, found.seen)


async def noted(house: House, task_id: str, speech: Speech) -> None:
    """The model of a task knows the files that a message brings."""
    for path, text in speech.seen:
        await Seen.of(house.notes_of(task_id)).note(path, text)


def _listed(images: object) -> Sequence[object]:
    if not isinstance(images, list | tuple) or len(images) > PICTURES:
        raise Invalid("images", f"must be a list of {PICTURES} data URLs at most")
    return images


def _picture(at: int, given: object) -> Json:
    """A picture of a data URL; of megabytes, so no pattern goes over all of it, and a thread reads it."""
    head, comma, data = given.partition(",") if isinstance(given, str) else ("", "", "")
    kind = PICTURE.fullmatch(head)
    if kind is None or not comma:
        raise Invalid(f"images.{at}", "must be a data URL of a PNG, JPEG, GIF or WebP: data:image/png;base64,...")
    try:
        size = len(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        raise Invalid(f"images.{at}", "is not base64") from None
    if size > PICTURE_BYTES:
        raise Invalid(f"images.{at}", f"has {size} bytes, and {PICTURE_BYTES} may be; make it smaller")
    return {"media_type": kind[1], "data": data}
