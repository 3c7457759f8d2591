"""How git writes things: pkt-lines, the head of a push, attribute and ignore files, LFS pointers.

Bytes to values and back. No I/O, no repository, no framework.
"""
