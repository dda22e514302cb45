"""The trial of kind `ppo`: token-level proximal policy optimization of a LoRA adapter."""
