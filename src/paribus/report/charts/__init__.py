"""Charts as SVG, each with a text alternative and the table behind it; values in, `Figure` out."""
