"""How large a file of input may be, for every command that reads one.

It imports nothing, since `fencepost run` needs it before anything else.
"""

MAX_FILE_BYTES = 32 << 20
"""Beyond that nothing is read: a device may have no end."""
