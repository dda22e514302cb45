"""Clinical knowledge as text can use it: terms, drugs, doses, negation, refusals, emergencies.

May import: `data`.
"""
