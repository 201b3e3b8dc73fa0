"""Using trained nets: choosing them, preparing images for them, asking them, exporting one.

`choosing` and `preparing` know nothing of torch, so that a mistake is told at once; `ensemble` and `export`
load it.
"""
