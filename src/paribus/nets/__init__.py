"""Networks: layer arithmetic (`shapes`, `initial`, without torch) and torch modules (`build`).

Own nets: found as text by spec, imported by `importing`, made by `own`, told in layers by `tracing`.
"""
