"""Settings that all tests share."""

import os
import signal

import pytest
from hypothesis import settings

# Some tests load ONNX Runtime themselves; nothing may be reported from there either.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# Other work on the machine must not fail a property test: pytest-timeout guards against hangs. Under CI the examples
# are the same in every run, so that a red run is one of the change; new examples are tried where people work.
settings.register_profile("cleanplate", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("cleanplate")


# A shell that starts tests in the background makes them ignore Ctrl-C, and so would the programs that they stop by it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden pictures anew instead of comparing")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
