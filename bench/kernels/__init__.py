"""The kernels against torch: a training step of the built-in study's nets on every engine.

``python -m bench.kernels`` prints the table and keeps the measurements in bench/results/kernels.json; it
takes about six minutes on one core. ``--quick`` measures a few steps, to show that it runs.
"""
