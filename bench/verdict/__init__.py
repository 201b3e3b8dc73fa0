"""How long until the claims of the built-in study are decided, against the notebook's three runs.

``python -m bench.verdict`` prints the table and keeps it in bench/results/verdict.json; ``--quick`` prints
one of a few iterations, to show that it runs. Rounds to the verdict come from resampling the bank, seconds a
run from the competitors of ``bench.speed``, and one study is run as a user would run it.
"""
