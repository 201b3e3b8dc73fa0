"""Is the verdict as sure as it says? Error rates, coverage and cost of the decision rule, by simulation.

``python -m bench.calibration`` prints the table and keeps it in bench/results/calibration.json;
``--quick`` does so with few studies, to show that it runs.
"""
