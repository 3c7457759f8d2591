"""What one may do: use cases. Synchronous; one call is one unit of work."""
