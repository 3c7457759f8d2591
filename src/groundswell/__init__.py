"""Groundswell, a self-hosted forge for open AI models.

This module knows the version and nothing else: importing it must stay free of cost, because
every command of the `swell` program begins with it.
"""

__version__ = "0.1.0.dev0"
