"""What keeps a trial near its base model, against forgetting: one penalty a file."""
