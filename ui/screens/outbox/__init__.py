"""What waits to be sent, and what waits for a clerk."""
