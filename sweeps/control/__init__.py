"""The course of a sweep, free of Ray: what runs next, what a report means, how a trial ends.

May import: `readiness` and the rooms below it.
"""
