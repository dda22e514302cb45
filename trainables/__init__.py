"""What one trial does. Nothing here imports ray, optuna or wandb."""
