"""What may vary: W&B-syntax parameters as typed distributions, checked against a trial's schema."""
