"""The replica: how old it is, how a fill goes, and the proof that it equals the register."""
