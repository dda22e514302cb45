"""How many tokens a second each engine makes: it decides how many trials are packed.

May import: every room.
"""
