"""Preview, print, and say what became of each copy."""
