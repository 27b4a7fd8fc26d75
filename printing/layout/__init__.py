"""Text to glyphs, and pages in millimetres."""
