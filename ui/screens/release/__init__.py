"""An officer releases one issue, beside the clerk."""
