"""The proposal `http`: an extension's commands as routes of the host's HTTP side, for the user who asks.

The manifest says which: `contributes.routes` names a method, a path and a command. Path, query and body of a request
become the command's one argument, checked against the route's schema; what the command returns is the answer's JSON.
A command that raises one of these errors refuses with its status, as RFC 9457 has it, and over the socket alike.
"""

from __future__ import annotations

from sessions.errors import Conflict, InvalidValue, NotFound

__all__ = ["Conflict", "Invalid", "NotFound"]

Invalid = InvalidValue
"""A field breaks a rule: `Invalid(field, rule)`. 422."""
