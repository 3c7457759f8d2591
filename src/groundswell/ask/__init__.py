"""RUN AND ASK: models of the hub at work, and answers out of its packs. Synchronous, as `hub` is.

Knows how content that was found for somebody becomes a running model or an answer. Does not know
HTTP, and decides no rights: who may use what was decided by whoever located it.
"""
