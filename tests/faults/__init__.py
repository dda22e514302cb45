"""What breaks on real machines, done to sweeps that run as a user's do: docs/reliability.md."""
