"""paribus."""
