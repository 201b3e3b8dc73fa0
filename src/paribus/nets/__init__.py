"""Networks: layer arithmetic (`shapes`, `initial`, without torch) and torch modules (`build`)."""
