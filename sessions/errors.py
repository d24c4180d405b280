"""Every error that Roost raises on purpose. An error is a state, and its text says what to do."""

from __future__ import annotations

from typing import Any, Literal


class RoostError(Exception):
    """The root of the tree: catch this to catch everything that Roost raises on purpose."""


class NoCurrentUser(RoostError, LookupError):
    """Code that needs a user ran outside of one."""


class NoSession(RoostError, LookupError):
    """A user is named, but no session of that user is open here."""


class SessionClosed(RoostError):
    """The session ended while something of it was still being asked for."""


class InvalidUid(RoostError, ValueError):
    """A user id that breaks the rule of PROTOCOL.md (`sessions.current.UID`)."""


class InvalidValue(RoostError, ValueError):
    """A value from outside that breaks a rule; `field` names it as the sender wrote it. JSON-RPC -32602."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class NotFound(RoostError, LookupError):
    """There is no such thing, or it is another user's. HTTP 404."""


class Conflict(RoostError):
    """What is asked for does not go with how things are now; the text says what would. HTTP 409."""


class QuotaExceeded(RoostError):
    """A user has all that they may have. JSON-RPC -32005."""

    def __init__(self, quota: str, limit: float, used: float, way_out: str, *, needed: float | None = None) -> None:
        super().__init__(f"over the quota '{quota}': {used:g} of {limit:g} used; {way_out}")
        self.quota = quota
        self.limit = limit
        self.used = used
        self.needed = needed
        """How much was asked for, where that is known."""


class Overloaded(RoostError):
    """Too much at once: the same request may succeed in `retry_after_ms`. JSON-RPC -32001."""

    def __init__(self, reason: str, retry_after_ms: int) -> None:
        super().__init__(f"{reason}; try again in {retry_after_ms} ms")
        self.retry_after_ms = retry_after_ms


class SandboxUnavailable(RoostError):
    """No sandbox can be had here, so nothing of a user may run; the text says how the operator gets one."""


class SandboxDied(RoostError):
    """A user's sandbox ended with all that ran in it; the next use starts a new one."""


class StoreError(RoostError):
    """A user's state.db cannot be read or written; what was acknowledged before is kept."""


class FellBehind(RoostError):
    """A follower of a mailbox is so slow that events it has not seen are no longer kept: it must begin anew."""


FileSystemErrorCode = Literal[
    "FileNotFound",
    "FileExists",
    "FileNotADirectory",
    "FileIsADirectory",
    "NoPermissions",
    "Unavailable",
    "NoSpace",
    "Unknown",
]


class FileSystemError(RoostError):
    """What `workspace.fs` raises (VS Code's `FileSystemError`); `code` is one of its names. JSON-RPC -32010.

    `Unknown`, where none was given, is told to clients as `Unavailable`. `NoSpace` is ours: a full disk. `data` is sent
    to the client beside the code, such as the `size` of a file too big.
    """

    def __init__(self, message_or_uri: object = "", code: FileSystemErrorCode = "Unknown", **data: Any) -> None:
        spelled = getattr(message_or_uri, "to_string", None)  # a Uri is told as it is read, not as it is encoded
        super().__init__((spelled(skip_encoding=True) if spelled else str(message_or_uri or "")) or code)
        self.code: FileSystemErrorCode = code
        self.data = data

    @property
    def name(self) -> str:
        """As in VS Code: `EntryNotFound (FileSystemError)` for FileNotFound, `NoPermissions (FileSystemError)`, ..."""
        return f"{self.code.replace('File', 'Entry', 1)} (FileSystemError)"

    @classmethod
    def file_not_found(cls, message_or_uri: object = "") -> FileSystemError:
        return cls(message_or_uri, "FileNotFound")

    @classmethod
    def file_exists(cls, message_or_uri: object = "") -> FileSystemError:
        return cls(message_or_uri, "FileExists")

    @classmethod
    def file_not_a_directory(cls, message_or_uri: object = "") -> FileSystemError:
        return cls(message_or_uri, "FileNotADirectory")

    @classmethod
    def file_is_a_directory(cls, message_or_uri: object = "") -> FileSystemError:
        return cls(message_or_uri, "FileIsADirectory")

    @classmethod
    def no_permissions(cls, message_or_uri: object = "") -> FileSystemError:
        return cls(message_or_uri, "NoPermissions")

    @classmethod
    def unavailable(cls, message_or_uri: object = "") -> FileSystemError:
        return cls(message_or_uri, "Unavailable")


LanguageModelErrorCode = Literal[
    "NoPermissions",
    "Blocked",
    "NotFound",
    "ContextLength",
    "InvalidRequest",
    "Overloaded",
    "Unavailable",
    "Cut",
    "Unknown",
]


class LanguageModelError(RoostError):
    """A model did not answer (VS Code's `LanguageModelError`); `code` says why. JSON-RPC -32012, Overloaded -32001.

    `NoPermissions` (no key, or a refused one), `Blocked` (the provider's filter), `NotFound` and `Unknown` are VS
    Code's. Ours: `ContextLength` (too long for the model), `InvalidRequest` (the provider does not take it),
    `Overloaded` and `Unavailable` (also after retries), and `Cut` (broken off in the middle).
    """

    def __init__(
        self, message: str = "", code: LanguageModelErrorCode = "Unknown", retry_after_s: float | None = None
    ) -> None:
        super().__init__(message or code)
        self.code: LanguageModelErrorCode = code
        self.retry_after_s = retry_after_s
        """When the same may succeed, where that is known."""

    @classmethod
    def no_permissions(cls, message: str = "") -> LanguageModelError:
        return cls(message, "NoPermissions")

    @classmethod
    def blocked(cls, message: str = "") -> LanguageModelError:
        return cls(message, "Blocked")

    @classmethod
    def not_found(cls, message: str = "") -> LanguageModelError:
        return cls(message, "NotFound")
