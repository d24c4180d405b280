"""What a client may ask of documents: text that is edited and saved by many hands. `methods.py` publishes these."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, NotRequired

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SkipValidation, StringConstraints, ValidationInfo
from typing_extensions import TypedDict

from host.caller import Caller
from host.contract import Contract
from sessions.context import SessionContext
from sessions.errors import FileSystemError, InvalidValue
from sessions.files import path_of
from shim.bulk import IN_A_TURN, NotApplied, apply_edit
from shim.document import TextDocument
from shim.documents import Documents, wire_uri
from shim.edits import ResourceEdit, TextEdit, WorkspaceEdit
from shim.ranges import Position, Range
from shim.saving import Conflict, save_as
from shim.uri import Uri

CONTRACT = Contract()
method = CONTRACT.method

MOST_EDITS = 2_000
"""Edits of one request."""

Resource = Annotated[
    str,
    StringConstraints(min_length=1, max_length=16_384),
    Field(description="a `file:` URI, a path that begins with /, or the URI of an open document that is no file"),
]
File = Annotated[str, AfterValidator(path_of), Field(description="a `file:` URI, or a path that begins with /")]
Language = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class WirePosition(Wire):
    """A line and a character on it, both from 0, characters in UTF-16 units."""

    line: Count
    character: Count


class WireRange(Wire):
    """From a position to another one, which may be the first."""

    start: WirePosition
    end: WirePosition


def _named(given: str, info: ValidationInfo) -> str:
    assert info.context is not None
    resource(info.context, given)
    return given


class WireEdit(Wire):
    """A text in place of a range of a resource, which is to be at `version` where one is named."""

    uri: Annotated[Resource, AfterValidator(_named)]
    range: WireRange
    newText: str
    version: Annotated[int, Field(ge=0)] | None = None


class Portion(Wire):
    """Some of the edits of a request, by their number: to check all of them at once would take too long."""

    edits: dict[int, WireEdit]


class ListedDocument(TypedDict):
    uri: str
    languageId: str
    version: int
    isDirty: bool
    eol: int
    lineCount: int


class Opened(ListedDocument):
    text: str


class Saved(TypedDict):
    saved: bool
    failureReason: NotRequired[str]


class Applied(TypedDict):
    applied: bool
    failureReason: NotRequired[str]


class Closed(TypedDict):
    closed: bool


@method("workspace.openTextDocument", gated=True)
async def open_text_document(caller: Caller, uri: Resource) -> Opened:
    """The text of a file as it is edited, saved or not; it is open from now on."""
    document = await caller.session.get(Documents).open(resource(caller.session, uri))
    return _opened(document)


@method("workspace.openUntitledTextDocument", gated=True)
async def open_untitled(caller: Caller, content: str = "", language: Language | None = None) -> ListedDocument:
    """A new document that no file has; save it as one."""
    return _listed(await caller.session.get(Documents).untitled(content, language))


@method("workspace.textDocuments")
async def text_documents(caller: Caller) -> list[ListedDocument]:
    """The open documents, without their texts."""
    return [_listed(document) for document in caller.session.get(Documents).all]


@method("workspace.applyEdit", gated=True)
async def apply(
    caller: Caller, edits: Annotated[list[SkipValidation[WireEdit]], Field(max_length=MOST_EDITS)]
) -> Applied:
    """Change texts, all as asked or none; answered once that would survive the host's being killed. Nothing is saved.

    The ranges of one resource are of its text before. Where an edit cannot be made, `applied` is false, as where a
    document is not at the `version` of an edit any more: nobody writes into a text that they have not seen.
    """
    versions: dict[Uri, int] = {}
    try:
        await apply_edit(caller.session, _checked(caller.session, edits, versions), versions=versions)
    except NotApplied as error:
        return {"applied": False, "failureReason": str(error)}
    return {"applied": True}


def _checked(session: SessionContext, edits: list[WireEdit], versions: dict[Uri, int]) -> Iterator[ResourceEdit]:
    """The edits as they are come to, and in `versions` what documents must be at. Raises `ValidationError`."""
    uris: dict[str, Uri] = {}
    numbered = enumerate(edits)
    while some := dict(islice(numbered, IN_A_TURN)):
        for edit in Portion.model_validate({"edits": some}, context=session).edits.values():
            if edit.uri not in uris:
                uris[edit.uri] = resource(session, edit.uri)
            uri = uris[edit.uri]
            if edit.version is not None:
                versions[uri] = edit.version
            yield ResourceEdit(uri, TextEdit(as_range(edit.range), edit.newText))


@method("workspace.saveDocument", gated=True)
async def save_document(caller: Caller, uri: Resource, overwrite: bool = False, target: File | None = None) -> Saved:
    """Write a document to its file, or as another file. `saved` is false where somebody else changed it meanwhile.

    With `overwrite` what they changed is lost; `workspace.revertDocument` takes theirs.
    """
    documents = caller.session.get(Documents)
    document = await documents.open(resource(caller.session, uri))
    if target is not None:
        await save_as(caller.session, documents, document, _file(target), overwrite=overwrite)
        return {"saved": True}
    try:
        await documents.save(document, overwrite=overwrite)
    except Conflict as error:
        return {"saved": False, "failureReason": str(error)}
    return {"saved": True}


@method("workspace.renameFile", gated=True)
async def rename_file(caller: Caller, source: File, target: File) -> Applied:
    """Rename or move a file or a folder as an editor does: open documents go on under the new name, saved or not.

    Extensions hear of it before, when they may add to it, and after it (`workspace.onDidRenameFiles`).
    """
    wanted = WorkspaceEdit()
    wanted.rename_file(_file(source), _file(target))
    try:
        await apply_edit(caller.session, wanted)
    except NotApplied as error:
        return {"applied": False, "failureReason": str(error)}
    return {"applied": True}


@method("workspace.closeTextDocument")
async def close_text_document(caller: Caller, uri: Resource, discard: bool = False) -> Closed:
    """Keep a document open no longer. One with unsaved text only with `discard`; one that is shown elsewhere stays."""
    documents = caller.session.get(Documents)
    document = documents.find(resource(caller.session, uri))
    if document is None:
        return {"closed": False}
    if document.is_dirty and not discard:
        raise FileSystemError.unavailable(f"{uri}: it is not saved; save it first, or close it with `discard`")
    return {"closed": await documents.close_document(document)}


@method("workspace.revertDocument", gated=True)
async def revert_document(caller: Caller, uri: Resource) -> Opened:
    """Take the text of the file, and lose what is not saved."""
    documents = caller.session.get(Documents)
    document = await documents.open(resource(caller.session, uri))
    await documents.refresh(document, always=True)
    if document.is_closed:
        raise FileSystemError(f"{uri}: there is no such file any more; the document is closed", "FileNotFound")
    return _opened(document)


def resource(session: SessionContext, given: str) -> Uri:
    """What a client means by `uri`; other schemes than `file:` only where such a document is open."""
    scheme, colon, _ = given.partition(":")
    if colon and not given.startswith("/") and scheme.lower() != "file":
        uri = _parsed(given)
        if uri is not None and session.get(Documents).find(uri) is not None:
            return uri
    return _file(path_of(given))


def _parsed(given: str) -> Uri | None:
    try:
        return Uri.parse(given, strict=True)
    except InvalidValue:
        return None


def _file(path: str) -> Uri:
    if "\0" in path:
        raise InvalidValue("uri", "must not hold NUL; remove it")
    return Uri("file", "", "/" + path.lstrip("/"))


def as_range(range: WireRange) -> Range:
    return Range(Position(range.start.line, range.start.character), Position(range.end.line, range.end.character))


def _opened(document: TextDocument) -> Opened:
    return {**_listed(document), "text": document.get_text()}


def _listed(document: TextDocument) -> ListedDocument:
    return {
        "uri": wire_uri(document.uri),
        "languageId": document.language_id,
        "version": document.version,
        "isDirty": document.is_dirty,
        "eol": int(document.eol),
        "lineCount": document.line_count,
    }
