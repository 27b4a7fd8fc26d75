"""The TPM 2.0 of this PC: it keeps the device secret shut for every other PC."""
