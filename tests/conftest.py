"""What every test shares: the one async backend, and the switch to a real account."""

import pytest
from hypothesis import settings

# Machines are noisy, so no example has a deadline. The gate must not be red by chance, so its examples
# are the same each time; `make soak` looks for new ones.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("gate")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--live",
        action="store_true",
        help="run tests/contract on a real account: ICESYNC_LIVE_ID, ICESYNC_LIVE_TOKEN",
    )


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
