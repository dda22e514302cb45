"""The trial of kind `ppo`: token-level proximal policy optimization of a LoRA adapter. Begin with
`packed.py`.

May import: `reward_model`, the engines, and the rooms below them; no other kind.
"""
