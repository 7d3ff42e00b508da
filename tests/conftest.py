"""What every test shares: the one async backend, and the switch to a real account."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--live",
        action="store_true",
        help="run tests/contract on a real account: ICESYNC_LIVE_ID, ICESYNC_LIVE_TOKEN",
    )


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
