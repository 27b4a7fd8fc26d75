"""The encrypted disk and the neighbours."""
