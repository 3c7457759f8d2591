"""What one may do: use cases. Synchronous; one call is one unit of work.

Rights are asked of ``core.policy`` and nowhere else; rows are read and written through
``store.database`` only. No module here knows HTTP, git's wire format or a terminal.
"""
