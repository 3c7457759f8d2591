"""Models kept as safetensors, made into GGUF: once, quantised, as a derivative with its recipe.

```python
source = source_of(Folder(sizes, read))  # what a folder is, and what it would take
with converter.made(making, progress) as path:  # the file, converted now where it is missing
    ...
```

What is converted is what this room knows whole: an architecture with every tensor in its shape, and
tokens that llama.cpp cuts as the repository's own tokenizer does (`trying`). All else is refused
with what helps instead; nothing is converted nearly right. The work is done in a process that is
shut in (`worker`), which reads ranges of the store and holds a few rows at a time.

Knows formats and llama.cpp's rules. Does not know repositories or rights.
"""

from groundswell.ask.conversion import adapters
from groundswell.ask.conversion.architectures import converts
from groundswell.ask.conversion.converter import Converter, Making
from groundswell.ask.conversion.quantising import QUANTISATIONS
from groundswell.ask.conversion.source import Folder, Source, source_of, weight_files

__all__ = [
    "QUANTISATIONS",
    "Converter",
    "Folder",
    "Making",
    "Source",
    "adapters",
    "converts",
    "source_of",
    "weight_files",
]
