"""Paper and printer."""
