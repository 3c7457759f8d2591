"""Git over HTTP: the door, and the processes behind it."""

from groundswell.http.git.door import routes

__all__ = ["routes"]
