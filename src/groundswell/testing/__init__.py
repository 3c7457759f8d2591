"""Contract suites: what any adapter of a port must pass, ours and those of third parties.

A suite is a class with one abstract method that makes the adapter. Subclass it in a test module
under a name that pytest collects; nothing here needs pytest itself.
"""
