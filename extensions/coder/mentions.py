"""What a message names: `@/path`, `@problems`, `@terminal`, `@git-changes`, `@<commit>`, `@https://…`, `/command`.

Each is looked up and put behind the message. Only what people wrote is given here: what a model or a page says names
nothing.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from types import MappingProxyType

import shim as vscode
from extensions.coder import definitions, extracts, files, pages, pictures, repository
from extensions.coder.access import Access, inside
from extensions.coder.choosing import Candidate, Choice, select
from extensions.coder.environment import problems
from extensions.coder.excerpts import read_slice
from extensions.coder.files import NoText, Place
from extensions.coder.kept import legible
from extensions.coder.reading import entries, kind_of, read_text
from extensions.coder.skills import Skill
from extensions.coder.slash import SlashCommand, written
from extensions.coder.tokens import BYTES, estimate
from extensions.coder.tool import Image, ToolError
from shim.proposed import fetching, paths, processes

NAMED = re.compile(
    r"(?:^|(?<=[\s(]))@(/(?:\\ |[^\s\\])*|https?://[^\s]+"
    r"|(?:problems|terminal|git-changes|[0-9a-f]{7,40})(?=[.,;:!?)\]}'\"]*(?:\s|$)))"
)
CALLED = re.compile(r"(?:^|(?<=\s))/([A-Za-z0-9_.-]{1,200})(?=\s|$)")
ENDS = ".,;:!?)]}'\""
"""What ends a sentence and no path."""

BRACKETS = MappingProxyType({")": "(", "]": "[", "}": "{"})
"""Those that end a path where it has the other one, too: `@/app/[id]`."""

MOST = 20
"""Mentions of one message that are looked up."""

BUDGET = 40_000
"""Tokens of all that is put behind one message."""

LARGEST = 8 << 20
LARGEST_IMAGE = 5 << 20
PICTURE_BYTES = 5_800_000
"""Of all pictures of one message, which is one record of 8 MiB."""

ATTACHED = "(the image is attached)"
LEFT_OUT = f"(this picture is left out: {PICTURE_BYTES / 1e6:g} MB of them go with one message; read it with read_file)"
PROBLEMS = 200
TERMINAL_BYTES = 60_000
PAGE_BYTES = 2 << 20
PAGE_CHARACTERS = 60_000
PAGE_SECONDS = 20.0
FOLDER_FILES = 50


@dataclass(frozen=True, slots=True)
class World:
    """Where mentions are looked up, and what a message may call."""

    cwd: vscode.Uri
    access: Access
    commands: Sequence[SlashCommand] = ()
    skills: Sequence[Skill] = ()
    sees_images: bool = True
    budget: int = BUDGET
    room: int = PICTURE_BYTES
    """Bytes of pictures that the message may bring."""
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Taken while a page is made text: one of a user at a time, as that takes a thread for long."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """A message with what it names."""

    text: str
    """As it was, each mention marked as one that is answered below."""
    blocks: tuple[str, ...] = ()
    images: tuple[Image, ...] = field(default=(), repr=False)
    mode: str = ""
    """The mode that a slash command at the beginning asks for, or empty."""
    seen: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The files whose text stands behind it, by their paths."""

    @property
    def whole(self) -> str:
        """The message and the blocks."""
        return "\n\n".join((self.text, *self.blocks))


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of a mention."""

    block: str
    image: Image | None = None
    seen: tuple[str, str] | None = None


async def expand(text: str, world: World) -> Expanded:
    """The message with all that it names, in the order that it names it."""
    names = list(dict.fromkeys(_name(found[1]) for found in NAMED.finditer(text)))[:MOST]
    answers = _fitting(await asyncio.gather(*(_answered(name, world) for name in names)), world.room)
    marked = NAMED.sub(lambda found: _marked(found, names), text)
    called, mode = _called(text, world)
    marked = CALLED.sub(lambda found: f"/{found[1]} (see below)" if found[1] in called else found[0], marked)
    blocks = _within([*(one.block for one in answers), *called.values()], world.budget)
    images = tuple(one.image for one in answers if one.image is not None)
    return Expanded(marked, blocks, images, mode, tuple(one.seen for one in answers if one.seen is not None))


def _fitting(answers: Sequence[_Answer], room: int) -> list[_Answer]:
    """The answers, with as many of their pictures as there is room for."""
    kept = []
    for one in answers:
        size = len(one.image.data) if one.image is not None else 0
        if size > room:
            one = replace(one, block=one.block.replace(ATTACHED, LEFT_OUT), image=None)
        else:
            room -= size
        kept.append(one)
    return kept


def _name(given: str) -> str:
    """What is named, without the end of the sentence around it."""
    name = given
    while given.startswith(("/", "http")) and len(name) > 1 and name[-1] in ENDS:
        if name.count(BRACKETS.get(name[-1], "\0")) >= name.count(name[-1]):
            break
        name = name[:-1]
    return name


def _marked(found: re.Match[str], names: Sequence[str]) -> str:
    name = _name(found[1])
    rest = found[1][len(name) :]
    return f"'{name.replace(chr(92) + ' ', ' ')}' (see below){rest}" if name in names else found[0]


def _called(text: str, world: World) -> tuple[dict[str, str], str]:
    """The blocks of the commands and skills that the message calls, and the mode of one that it begins with."""
    commands = {one.name: one for one in world.commands}
    skills = {one.name: one for one in world.skills}
    found: dict[str, str] = {}
    mode = ""
    for call in CALLED.finditer(text):
        name = call[1]
        if name in commands:
            found[name] = written(commands[name])
            mode = mode or (commands[name].mode if not text[: call.start()].strip() else "")
        elif name in skills:
            found[name] = f'<skill name="{name}" path="{escape(skills[name].path)}">\n{skills[name].text}\n</skill>'
        if len(found) >= MOST:
            break
    return found, mode


def _within(blocks: Sequence[str], budget: int) -> tuple[str, ...]:
    """The blocks, the last of them cut or named only where they are more than there is room for."""
    kept: list[str] = []
    left = budget
    for block in blocks:
        size = estimate(block)
        if size > left:
            note = "\n(cut here: the message names more than there is room for; read the rest with a tool)"
            block = block[: max(200, int(left * BYTES))] + note
        left = max(0, left - size)
        kept.append(block)
    return tuple(kept)


# -- one mention


async def _answered(name: str, world: World) -> _Answer:
    if name.startswith("/"):
        return await _path(name.replace("\\ ", " "), world)
    if name.startswith("http"):
        return _Answer(await _told("page", "url", name, lambda: _page(name, world)))
    if name == "problems":
        return _Answer(await _told("problems", "", "", lambda: _problems(world)))
    if name == "terminal":
        return _Answer(await _told("terminal", "", "", _terminal))
    if name == "git-changes":
        return _Answer(await _told("git_changes", "", "", lambda: repository.changes(world.cwd, world.access)))
    return _Answer(await _told("git_commit", "hash", name, lambda: repository.commit(world.cwd, world.access, name)))


async def _told(tag: str, attribute: str, value: str, work: Callable[[], Awaitable[str]]) -> str:
    """A block of what `work` gives, or of why it gives nothing."""
    try:
        text = await work()
    except (pages.NoText, repository.NoGit, processes.Failure) as error:
        text = f"(not to be had: {error})"
    return _block(tag, attribute, value, text)


def _block(tag: str, attribute: str, value: str, text: str) -> str:
    named = f' {attribute}="{escape(value)}"' if attribute else ""
    return f"<{tag}{named}>\n{text}\n</{tag}>"


async def _page(url: str, world: World) -> str:
    page = await fetching.fetch(url, max_bytes=PAGE_BYTES, timeout=PAGE_SECONDS)
    if page.status >= 400:
        raise fetching.FetchFailed(f"the server answers {page.status}")
    moved = f"(from {page.url})\n\n" if page.url.rstrip("/") != url.rstrip("/") else ""
    async with world.turn:
        return moved + await asyncio.to_thread(pages.read, page, PAGE_CHARACTERS)


async def _problems(world: World) -> str:
    return await problems(world.access, world.cwd.path, most=PROBLEMS) or "(none)"


async def _terminal() -> str:
    living = [one for one in vscode.window.terminals if one.shell is not None]
    terminal = vscode.window.active_terminal or (living[-1] if living else None)
    if terminal is None or terminal.shell is None:
        return "(there is no terminal)"
    memory = terminal.shell.scrollback
    start = max(memory.start, memory.end - TERMINAL_BYTES)
    return f"{terminal.name}:\n{legible(memory.read(start, memory.end - start)).strip() or '(it is empty)'}"


# -- files and folders


async def _path(name: str, world: World) -> _Answer:
    place = posixpath.normpath(posixpath.join(world.cwd.path, name.lstrip("/")))
    shown = inside(world.cwd.path, place) or ("." if place == world.cwd.path else None)
    if shown is None:
        return _file_block(name, "(it is outside of the workspace)")
    try:
        top, real = await asyncio.gather(*(paths.real(vscode.Uri.file(one)) for one in (world.cwd.path, place)))
    except paths.Failure as error:
        return _file_block(shown, f"({error})")
    below = inside(top.path, real.path)
    if below is None and real.path != top.path:
        return _file_block(shown, "(it leads outside of the workspace)")
    led = posixpath.join(world.cwd.path, below or "")
    if await kind_of(real) is vscode.FileType.DIRECTORY:
        return _Answer(_block("folder_content", "path", shown, await _folder(vscode.Uri.file(led), world)))
    if not (world.access.can_read(place) and world.access.can_read(led)):
        return _file_block(shown, "(.rooignore closes this file)")
    return await _file(Place(led, shown, real.path), world)


def _file_block(shown: str, text: str, image: Image | None = None) -> _Answer:
    return _Answer(_block("file_content", "path", shown, text), image)


async def _file(place: Place, world: World) -> _Answer:
    shown = place.name
    try:
        if files.document_of(place) is not None:
            return await _text(place, await files.read_text(place))
        content = await _content(place)
        if (mime := pictures.mime_of(content)) is not None:
            return _picture(shown, content, mime, world)
        extracts.refuse_office(shown)
        if extracts.is_extracted(shown) and content:
            return _file_block(shown, await asyncio.to_thread(_numbered, await extracts.extracted(shown, content)))
        return await _text(place, await files.text_of(place, content))
    except NoText:
        return _file_block(shown, "(it is not text)")
    except (ToolError, vscode.FileSystemError) as error:
        is_missing = isinstance(error, vscode.FileSystemError) and error.code == "FileNotFound"
        return _file_block(shown, "(there is no such file)" if is_missing else f"({error})")


async def _content(place: Place) -> bytes:
    uri = vscode.Uri.file(place.real)
    size = (await vscode.workspace.fs.stat(uri)).size
    if size > LARGEST:
        raise ToolError(f"it has {size} bytes, and {LARGEST} are shown here at most")
    return await vscode.workspace.fs.read_file(uri)


def _picture(shown: str, content: bytes, mime: str, world: World) -> _Answer:
    if not world.sees_images:
        return _file_block(shown, "(a picture, and this model does not see pictures)")
    if len(content) > LARGEST_IMAGE:
        return _file_block(shown, f"(this picture has {len(content)} bytes, and {LARGEST_IMAGE} are shown at most)")
    return _file_block(shown, ATTACHED, Image(content, mime))


async def _text(place: Place, text: files.Text) -> _Answer:
    unsaved = "\n(with changes that are not saved yet)" if text.is_unsaved else ""
    block = _file_block(place.name, await asyncio.to_thread(_numbered, text.shown) + unsaved)
    return replace(block, seen=(place.path, text.shown))


def _numbered(text: str) -> str:
    if "\0" in text[:8_000]:
        return "(it is not text)"
    if not text:
        return "(it is empty)"
    excerpt = read_slice(text)
    rest = f"\n(the first {excerpt.count} of {excerpt.total} lines)" if excerpt.truncated else ""
    return excerpt.content + rest


async def _folder(folder: vscode.Uri, world: World) -> str:
    """The names in a folder, and what stands in its files as far as there is room."""
    names = await entries(folder)
    lines, inner = [], []
    for name, kind in names[: 4 * FOLDER_FILES]:
        uri = vscode.Uri.join_path(folder, name)
        is_folder = bool(kind & vscode.FileType.DIRECTORY)
        is_open = world.access.can_read(f"{uri.path}/*" if is_folder else uri.path)
        lines.append(f"{'' if is_open else '🔒 '}{name}{'/' if is_folder else ''}")
        if is_open and kind == vscode.FileType.FILE:  # a link may lead to what is closed
            inner.append(uri)
    if len(names) > len(lines):
        lines.append(f"(and {len(names) - len(lines)} more)")
    return "\n".join(lines) + await _contents(inner[:FOLDER_FILES], world)


async def _contents(uris: Sequence[vscode.Uri], world: World) -> str:
    texts = await asyncio.gather(*(read_text(uri) for uri in uris), return_exceptions=True)
    found = [
        (inside(world.cwd.path, uri.path) or uri.path, text)
        for uri, text in zip(uris, texts, strict=True)
        if isinstance(text, str) and "\0" not in text[:8_000]
    ]
    choice = await asyncio.to_thread(_chosen, dict(found), world.budget // 2)
    blocks = [_block("file_content", "path", one.path, one.text) for one in choice.chosen]
    return "\n\n" + "\n\n".join(blocks) if blocks else ""


def _chosen(texts: dict[str, str], budget: int) -> Choice:
    """The files that there is room for; large ones by what they define."""
    candidates = [Candidate(path, _numbered(text)) for path, text in texts.items()]
    return select(candidates, budget, lambda path, _: definitions.signatures(path, texts[path]))
