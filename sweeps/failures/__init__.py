"""What happens when a trial raises, dies, runs out of memory or hangs: a policy a file.

May import: `run_folder` and the rooms below it.
"""
