"""Pages to PDF, and to the printer."""
