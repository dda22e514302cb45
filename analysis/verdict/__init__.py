"""Who won, how sure is it, and against what? Said of runs that were trained again with other seeds.

May import: `analysis.selection` and `analysis.statistics`.
"""
