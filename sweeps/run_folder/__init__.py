"""The run folder: what is written there, whole and by the driver alone, and how it is read back.

May import: `spec`.
"""
