"""Decisions without I/O: time comes in as an argument, the next step goes out as a value."""
