"""How the world writes it: bytes to values and back. No I/O, no framework (see README.md)."""
