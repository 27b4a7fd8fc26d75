"""Second factors that are things: cards and keys, read through modules we did not write."""
