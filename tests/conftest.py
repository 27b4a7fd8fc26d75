"""For all tests: a busy machine is no failure, so laws have no deadline; the gate may ask which test runs."""

from hypothesis import settings

from installer.dev import now

settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_configure() -> None:
    """Be ready to be asked."""
    now.listen()


def pytest_runtest_logstart(nodeid: str) -> None:
    """Say which test begins."""
    now.tell(nodeid)
