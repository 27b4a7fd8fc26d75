"""The contract's calls, a file a group."""
