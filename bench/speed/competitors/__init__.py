"""The competitors: one program each, started as ``python -m bench.speed.competitors.NAME TASK``.

They share the task and the stopwatch and know nothing of each other or of the table. Those that run in the
peers' environment import nothing of paribus.
"""
