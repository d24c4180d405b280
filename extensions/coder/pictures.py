"""Which pictures a model can be shown, told by their bytes. No file is read here."""

from __future__ import annotations

ONE_MB = 1024 * 1024
LARGEST = 5 * ONE_MB
"""Bytes of one picture."""

LARGEST_ALL = 20 * ONE_MB
"""Bytes of all pictures of one call."""

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".ico", ".tif", ".tiff", ".avif", ".heic")


def mime_of(content: bytes) -> str | None:
    """The type of a picture that every model that sees can read; None of all else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def is_named_so(name: str) -> bool:
    """Whether a file is called as pictures are."""
    return name.lower().endswith(ENDINGS)
