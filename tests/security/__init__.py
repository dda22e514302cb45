"""What docs/security.md promises: a test for each line of its table."""
