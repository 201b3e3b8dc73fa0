"""How long a run takes: paribus beside the notebook's loop, the same in memory, and other trainers.

``python -m bench.speed`` prints the table and keeps it in bench/results/speed.json; ``--quick`` prints one of
a few iterations, to show that it runs. Every competitor is a program of its own in ``competitors/``: it reads
a task, trains, and prints what it took.
"""
