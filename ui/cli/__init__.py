"""The face without Qt: one verb a file."""
