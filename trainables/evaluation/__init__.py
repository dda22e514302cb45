"""What is measured of a model: losses, texts, clinical measures. One measure a file.

May import: `forward` and the rooms below it; no engine, no kind.
"""
