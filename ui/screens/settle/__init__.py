"""A conflict or a refusal, looked at and decided."""
