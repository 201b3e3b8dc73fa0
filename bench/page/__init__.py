"""How long the page takes to answer: the list, a study of sixty runs, a drawn digit asked of fifteen nets.

``python -m bench.page`` prints the table and keeps it in bench/results/page.json; it takes half a minute. The
runs are synthetic and the nets untrained: neither matters for the time.
"""
