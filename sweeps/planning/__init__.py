"""What a sweep would do, told without torch: `medsweep plan`.

May import: `control` and the rooms below it.
"""
