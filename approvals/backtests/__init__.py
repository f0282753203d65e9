"""Backtests: what a draft would have done with the past. Judged again from stored facts; nothing is ever executed.

`plan` says under what each step is judged, `past` reads and judges, `crew` shares the work among processes, `row` keeps
what was asked and what came of it, `lists` the actions to click through.
"""
