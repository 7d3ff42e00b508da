"""A sandbox and a desk for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from icesync.sandbox.server import Running, running
from tests.support.desk import Desk


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running() as started:
        yield started


@pytest.fixture
def desk(tmp_path: Path, sandbox: Running, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, sandbox, capsys)
