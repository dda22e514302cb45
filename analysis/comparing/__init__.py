"""By how much do two trials, runs or evaluations differ on the same rows?"""
