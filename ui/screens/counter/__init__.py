"""The counter: find, look, choose what to issue."""
