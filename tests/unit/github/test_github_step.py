"""Where a step runs, by surroundings that are not as they should be."""

from pathlib import Path

import pytest

from icesync.errors import IcesyncError, UsageError
from icesync.github import step

NAMES = ("OUTPUT", "RUN_ID", "SHA", "STEP_SUMMARY", "WORKSPACE")
URLS = ("GITHUB_API_URL", "GITHUB_GRAPHQL_URL", "GITHUB_SERVER_URL")


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    usual = {f"GITHUB_{name}": str(folder / name) for name in NAMES}
    usual |= dict.fromkeys(URLS, "https://github.example/api")
    usual |= {"RUNNER_TEMP": str(folder), "GITHUB_REPOSITORY": "acme/shops", "GITHUB_EVENT_NAME": "push"}
    return {**usual, "GITHUB_WORKSPACE": str(folder), **more}


@pytest.mark.parametrize("name", ["acme", "acme/shops/../..", "acme/shops?x=", "a b/c", "acme/", "é/x", ""])
def test_a_repository_that_is_none_gets_no_request(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="GITHUB_REPOSITORY"):
        step.of(surroundings(tmp_path, GITHUB_REPOSITORY=name))


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize(
    "value", ["https://a\n::error::b", "https://\x1b", "https://é", "ftp://a", "a", "http://"]
)
def test_a_url_that_is_none_is_told_without_its_value(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(UsageError) as raised:
        step.of(surroundings(tmp_path, **{name: value}))
    assert str(raised.value) == f"{name} is no URL"


def test_a_slash_at_the_end_of_a_url_is_no_part_of_it(tmp_path: Path) -> None:
    here = step.of(surroundings(tmp_path, **dict.fromkeys(URLS, "https://github.example/api/")))
    assert here.api_url == here.graphql_url == "https://github.example/api"
    assert here.run_url.startswith("https://github.example/api/acme/shops/actions/")


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_payload_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "event.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(IcesyncError, match="payload cannot be read"):
        step.of(surroundings(tmp_path, GITHUB_EVENT_PATH=str(path)))


def test_a_file_is_named_from_the_root_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checkout" / "shops").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "checkout")
    here = step.of(surroundings(tmp_path / "link"))
    monkeypatch.chdir(tmp_path / "checkout" / "shops")
    assert step.in_repository(here, "icesync.yaml") == "shops/icesync.yaml"
    assert step.in_repository(here, str(tmp_path / "link" / "a.yaml")) == "a.yaml"
    assert step.in_repository(here, "../../elsewhere.yaml") == "../../elsewhere.yaml"


def test_a_command_inherits_everything_but_what_is_ours() -> None:
    environ = {
        "IG_TOKENS": "{}",
        "GITHUB_SHA": "0",
        "GITHUB_TOKEN": "t",
        "INPUT_FORCE": "true",
        "GITHUB_ENV": "e",
    }
    assert step.without_ours(environ) == {"IG_TOKENS": "{}", "GITHUB_SHA": "0"}


def test_a_file_of_the_runner_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(IcesyncError, match="cannot be written"):
        step.append(tmp_path, "x")


def test_a_folder_of_the_runner_that_is_missing_is_told(tmp_path: Path) -> None:
    here = step.of(surroundings(tmp_path, RUNNER_TEMP=str(tmp_path / "nowhere")))
    with pytest.raises(IcesyncError, match="RUNNER_TEMP is no folder to write into: No such file"):
        step.new_folder(here)
