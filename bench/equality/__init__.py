"""The same final accuracy as the plain loop? Paired rounds of both, judged by the command itself.

``python -m bench.equality`` trains what is missing, writes bench/results/equality.csv and lets
`paribus judge` say whether the two are equivalent; ``--quick`` does so with a few iterations, to show that it
runs.
"""
