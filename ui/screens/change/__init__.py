"""A notification taken in (仮受付)."""
