"""What a user costs at peers, each installed in a folder of its own and measured over loopback as Roost is beside it.

None is a dependency. A peer is a module here that names itself, says how it is installed and runs as a `Place`.
"""

START = "from nothing, until the first user can work"
READY = "a further user, until they can work"
ONE = "memory with 1 user"
ALL = "memory with {} users"
IDLE = "memory of an added user who does nothing"
SHELL = "memory of an added user with a terminal"
FIRST = "a user's first terminal, to its prompt, over the socket"
PAGE = "the page, from asking for it until a new terminal in it shows its prompt"
