"""A study as one HTML file: complete without scripts and network; its sections serve live pages too."""
