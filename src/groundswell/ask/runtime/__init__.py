"""Running models of the hub: in processes of their own that are shut in, or at another server.

The contract, for who asks a model from inside the hub:

```python
model = runtime.models.find(principal, "org/name@rev:Q8_0")  # rights are decided here: each time
with runtime.complete(model, messages, grammar=…, max_tokens=120) as answer:
    for piece in answer:       # blocks until the next piece
        show(piece.text)       # the last: piece.finish, piece.timing (first token, tokens/s)
```

- Everything is synchronous and thread-safe. A model is loaded when it is first asked, shared by
  all who ask, unloaded when nobody does for a while or another needs its memory.
- ``answer.close()`` from any thread, or leaving the ``with``, stops the model computing.
- A model's end (crash, no memory, no answer in time) is an error of that answer (`RunnerFailed`,
  `Unavailable`); the next request begins a new process, and the hub stays up.
- An answer is bounded in tokens and seconds (`Limits`): past the seconds it ends with
  ``finish="time"``.
- The chat template is the repository's own, byte for byte, and runs inside the runner alone.
  ``runtime.render`` tells what messages become.
- The beginning of a prompt that equals an earlier one is not read again: put first what is fixed.

Knows llama.cpp and OpenAI's form of requests. Does not know HTTP's rim, pages or packs.
"""

from groundswell.ask.runtime.answers import Answer, Chunks
from groundswell.ask.runtime.folders import may_run
from groundswell.ask.runtime.models import Models
from groundswell.ask.runtime.pool import Pool
from groundswell.ask.runtime.service import Runtime
from groundswell.ask.runtime.values import (
    Adapter,
    Facts,
    Limits,
    Message,
    Mode,
    ModelRef,
    Phase,
    Piece,
    Request,
    State,
    Timing,
)

__all__ = [
    "Adapter",
    "Answer",
    "Chunks",
    "Facts",
    "Limits",
    "Message",
    "Mode",
    "ModelRef",
    "Models",
    "Phase",
    "Piece",
    "Pool",
    "Request",
    "Runtime",
    "State",
    "Timing",
    "may_run",
]
