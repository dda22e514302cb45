"""A tuned adapter beside its base model, answering the same question."""
