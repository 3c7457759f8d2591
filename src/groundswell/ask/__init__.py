"""The talking encyclopedia: packs of knowledge, what is found in them, and answers that are shown."""
