"""Verdicts, runs, events and images as terminal text, figures and files; takes values, never nets."""
