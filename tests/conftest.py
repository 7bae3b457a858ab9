"""Settings that all tests share."""

from hypothesis import settings

# Other work on the machine must not fail a property test: pytest-timeout guards against hangs.
settings.register_profile("cleanplate", deadline=None)
settings.load_profile("cleanplate")
