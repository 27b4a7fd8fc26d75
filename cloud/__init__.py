"""The reference cloud: for training, drills and tests. It stands alone."""
