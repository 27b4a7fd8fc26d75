"""Acts of two persons."""
