"""Group relative policy optimization with TRL's trainer."""
