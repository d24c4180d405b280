"""The text in files that are no text. Nothing here runs in the host: a Python in the user's sandbox does it.

So these modules import the standard library, pypdf and each other, and nothing else.
"""


class Unreadable(ValueError):
    """The file is not what its name says, or is more than is read here."""
