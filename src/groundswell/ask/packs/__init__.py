"""Knowledge packs: built from what people have, opened to be searched and read."""
