"""One file, one thing a clerk or the clock does."""
