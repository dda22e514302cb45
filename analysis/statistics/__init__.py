"""How sure a number is: bootstrap intervals, tests of paired answers, agreement of raters.

Intervals that trials need as well are in trainables/evaluation/intervals.py.
"""
