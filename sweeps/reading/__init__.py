"""Reading a spec: YAML with positions, overrides, every check, every error at once.

May import: `run_folder`, `presets`, `spec`.
"""
