"""The teaching notebook's numbers, one by one, against what is measured."""
