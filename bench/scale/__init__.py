"""What paribus costs against the size of what it is asked: iterations, images, nets, studies, stores, memory.

``python -m bench.scale`` prints the tables and keeps all measurements in bench/results/scale.json; it takes
about five minutes on two cores. ``--quick`` prints those of tiny sizes, to show that it runs.
"""
