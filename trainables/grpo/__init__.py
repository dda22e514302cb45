"""The trial of kind `grpo`: group relative policy optimization with TRL's trainer.

May import: `reward_model`, the engines, and the rooms below them; no other kind.
"""
