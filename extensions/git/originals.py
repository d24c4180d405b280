"""What files were: documents of the scheme `git`; their query says of which commit, as VS Code has it."""

from __future__ import annotations

import json

import shim as vscode
from extensions.git.program import Git, GitError

INDEX = ""
"""The `ref` of what is staged."""


def original_uri(uri: vscode.Uri, ref: str) -> vscode.Uri:
    """The document of a file as it is in `ref`: a commit, a branch, or `INDEX`."""
    return uri.with_(scheme="git", query=json.dumps({"path": uri.path, "ref": ref}, separators=(",", ":")))


async def original(git: Git, path: str, ref: str) -> str:
    """The text of a file, by its path in the repository. Empty where that commit does not have it."""
    try:
        return await git.text("show", "--no-textconv", f"{ref}:{path}" if ref else f":0:{path}")
    except GitError as error:
        if any(
            sign in error.said for sign in ("does not exist", "exists on disk", "is in the index", "invalid object")
        ):
            return ""
        raise


def asked(uri: vscode.Uri) -> tuple[str, str]:
    """The path and the ref that a Uri of the scheme asks for. Raises `ValueError`."""
    found = json.loads(uri.query)
    path, ref = found["path"], found["ref"]
    if not isinstance(path, str) or not isinstance(ref, str) or ref.startswith("-"):
        raise ValueError("its query must have a path and a ref")
    return path, ref
