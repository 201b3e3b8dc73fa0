"""The local page: the studies of a store, live while they run, and a look inside their nets.

Reads the store; writes nothing but into memory. `serving` starts it, `app` has the routes, `guard` decides
who is answered.
"""
