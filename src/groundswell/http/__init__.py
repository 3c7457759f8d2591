"""The doors: protocols over HTTP, and the only asynchronous code.

Each request is parsed at its door, answered by one use case on the thread pool, and streamed
while holding no connection, lock or thread. Doors do not import one another, and none imports
`store`: everything comes through the objects that `wiring` built.
"""
