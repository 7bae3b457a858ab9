"""Settings that all tests share."""

import pytest
from hypothesis import settings

# Other work on the machine must not fail a property test: pytest-timeout guards against hangs.
settings.register_profile("cleanplate", deadline=None)
settings.load_profile("cleanplate")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden pictures anew instead of comparing")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
