"""One call of the base model for the rows of several adapters: layout, LoRA, attention, losses.

May import: `models`, `data`.
"""
