"""What Groundswell talks about: nouns and rules. Standard library only, no I/O."""
