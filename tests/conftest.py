"""For all tests: a busy machine is no failure, so laws have no deadline of their own."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
