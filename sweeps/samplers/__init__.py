"""How configurations are searched: one sampler a file.

May import: `spec`.
"""
