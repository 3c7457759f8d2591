"""Which model for whose questions: answers judged by rules, and whether a difference is one."""
