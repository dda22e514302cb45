"""From a spec or a run folder to a finished sweep, on Ray or in this process.

May import: every room of `sweeps`.
"""
