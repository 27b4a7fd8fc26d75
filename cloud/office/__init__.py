"""The back office: what examiners do with what terminals sent."""
