"""What the operating system says of the seat: this PC is about to sleep, its user has locked or left the session."""
