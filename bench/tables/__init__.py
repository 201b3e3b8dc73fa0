"""The tables of docs/performance.md, from the JSON files of the other benches."""
