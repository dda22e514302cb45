"""Benchmarks: which there are, how a model is asked, what is measured of its answers.

May import: what `evaluation` may.
"""
