"""The roof and the faces: assembly, screens, command line."""
