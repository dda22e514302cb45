"""A tuned adapter beside its base model, answering the same question.

May import: `evaluation` and the rooms below it.
"""
