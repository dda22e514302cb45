"""The trial of kind `staged`: trainings one after the other on one adapter.

May import: every kind and the rooms below them.
"""
