"""The bank of rounds: many real rounds of the built-in study, on which the rule's promises are checked."""
