"""What every test shares: the one async backend, and the switch to a real account."""

import os

import pytest
from hypothesis import settings

# Machines are noisy, so no example has a deadline; the gate must not be red by chance, so it is the
# same everywhere that CI is set. Developers' runs look for new examples each time.
settings.register_profile("icesync", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("icesync")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--live",
        action="store_true",
        help="run tests/contract on a real account: ICESYNC_LIVE_ID, ICESYNC_LIVE_TOKEN",
    )


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
