"""Reading a spec: YAML with positions, overrides, every check, every error at once."""
