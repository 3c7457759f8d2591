"""How the Hub API writes what Groundswell knows: JSON shapes, the commit stream, dates, links.

Pure: values in, plain dictionaries or text out, and back. Does not know who asks or who may.
"""
