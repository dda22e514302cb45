"""Fields that have no effect whatever they are set to: the rules, and the check."""
