"""The talking encyclopedia: packs of knowledge, what is found in them, answers from it."""
