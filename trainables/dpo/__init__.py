"""The trial of kind `dpo`: direct preference optimization with TRL's trainer.

May import: `reward_model`, the engines, and the rooms below them; no other kind.
"""
