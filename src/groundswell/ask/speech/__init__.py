"""Speaking and listening: models of the hub that turn text into sound, and sound into text.

```python
voice = speech.models.find(principal, "org/name", Kind.VOICE)  # rights are decided here: each time
with speech.say(voice, "Oslo is the capital.") as said:  # sentence by sentence
    sound = written(b"".join(said), said.rate)
```

Each model is in a process of its own (`worker`) that is shut in: it reads its files and computes.
What is imported here is imported by that process too: it has to stay light. Knows sherpa-onnx and
the layouts of files that it takes. Does not know HTTP, nor where a text comes from.
"""
