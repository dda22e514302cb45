"""Which trials are stopped at a rung: one rule a file.

May import: `run_folder`, `spec`.
"""
