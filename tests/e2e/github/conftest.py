"""GitHub's API and a place to work at, for each test."""

from collections.abc import Iterator

import pytest

from tests.support.desk import Desk
from tests.support.github_api import GitHubApi, github
from tests.support.step import Workplace


@pytest.fixture(scope="session")
def server() -> Iterator[GitHubApi]:
    with github() as started:
        yield started


@pytest.fixture
def api(server: GitHubApi) -> GitHubApi:
    server.forget()
    return server


@pytest.fixture
def workplace(
    desk: Desk, api: GitHubApi, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Workplace:
    monkeypatch.chdir(desk.folder)
    return Workplace(desk, api, tmp_path_factory.mktemp("runner"))
