"""The trial of kind `sft`: supervised fine-tuning, in either engine.

May import: `reward_model`, the engines, and the rooms below them; no other kind.
"""
