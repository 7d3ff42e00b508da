"""The desired state of a Git revision, and which accounts differ from it."""

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from icesync.config import load
from icesync.errors import ConfigError, IcesyncError, UsageError
from icesync.model import NOTHING, Account, Api, Desired, Fleet, Limit, Limits, Profile
from icesync.revision import changed, gone, load_at
from tests.support.repository import Repository, new_repository

HELLO = Profile.of({"default": [("Where is my order?", "ORDER")]})
SHOP = Desired(Account("shop", "1", "env:T"), HELLO)
ME = Desired(Account("mine", "me", "env:T"), HELLO)
ROOT = """\
version: 1
include: [%s]
templates: {hello: {ice_breakers: {default: [{question: "Hello ${name}", payload: HELLO}]}}}
accounts: {root: {id: "1", extends: hello}}
"""


def account(number: int) -> str:
    return f'accounts: {{shop-{number}: {{id: "{number}", extends: hello}}}}\n'


def names(fleet: Fleet) -> list[str]:
    return [each.account.name for each in fleet.accounts]


def with_account(desired: Desired, **fields: object) -> Desired:
    return replace(desired, account=replace(desired.account, **fields))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    return new_repository(tmp_path / "repository", monkeypatch)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SHOP, SHOP),
        (SHOP, with_account(SHOP, name="store")),
        (SHOP, with_account(SHOP, labels=("eu",))),
        (ME, with_account(ME, labels=("eu",))),
        (SHOP, with_account(SHOP, sink="command:gh secret set T")),
        (replace(SHOP, profile=None), replace(SHOP, profile=None)),
    ],
)
def test_what_is_only_for_people_is_no_change(before: Desired, after: Desired) -> None:
    assert changed(Fleet((before,)), Fleet((after,))) == ()
    assert gone(Fleet((before,)), Fleet((after,))) == ()


@pytest.mark.parametrize(
    "after",
    [
        replace(SHOP, profile=Profile.of({"default": [("Where is my order?", "PARCEL")]})),
        replace(SHOP, profile=NOTHING),
        replace(SHOP, profile=None),
        with_account(SHOP, token="env:OTHER"),
        with_account(SHOP, token=None),
        with_account(SHOP, protect=True),
        with_account(SHOP, webhooks=("messages",)),
    ],
)
def test_what_is_asked_of_an_account_is_a_change_whichever_way_it_goes(after: Desired) -> None:
    assert changed(Fleet((SHOP,)), Fleet((after,))) == (after,)
    assert changed(Fleet((after,)), Fleet((SHOP,))) == (SHOP,)


@pytest.mark.parametrize(
    ("before", "after"),
    [(SHOP, with_account(SHOP, id="2")), (ME, with_account(ME, name="yours")), (SHOP, ME)],
)
def test_an_account_with_another_identity_is_a_new_one_and_the_old_one_is_gone(
    before: Desired, after: Desired
) -> None:
    assert changed(Fleet((before,)), Fleet((after,))) == (after,)
    assert gone(Fleet((before,)), Fleet((after,))) == (before.account,)


@pytest.mark.parametrize("api", [Api(version="v23.0"), Api(url="https://graph.facebook.com")])
def test_with_another_api_every_account_has_changed(api: Api) -> None:
    assert changed(Fleet((ME, SHOP)), Fleet((ME, SHOP), api)) == (ME, SHOP)


def test_other_limits_change_no_account() -> None:
    assert changed(Fleet((ME, SHOP)), Fleet((ME, SHOP), limits=Limits(Limit(1), Limit(1)))) == ()


def test_the_state_of_a_revision_is_what_its_files_said(repository: Repository) -> None:
    repository.commit({"icesync.yaml": ROOT % "a.yaml", "a.yaml": account(2)})
    there = load(repository.folder).fleet
    repository.commit({"icesync.yaml": ROOT % "b.yaml", "b.yaml": account(3)})
    repository.write({"a.yaml": "what is not committed", "c.yaml": "counts as little"})

    assert load_at(repository.folder, "HEAD~1", os.environ) == there
    assert names(there) == ["root", "shop-2"]


@pytest.mark.parametrize("place", [".", "fleet", "fleets/eu"])
@pytest.mark.parametrize("root", ["icesync.yaml", "prod.yaml"])
def test_the_root_file_may_lie_in_any_folder_and_have_any_name(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, place: str, root: str
) -> None:
    repository.commit({f"{place}/{root}": ROOT % "a/*", f"{place}/a/x": account(2), "b/a/y": "-"})
    folder = repository.folder / place

    assert names(load_at(folder / root, "main", os.environ)) == ["root", "shop-2"]
    monkeypatch.chdir(folder)
    assert names(load_at(Path(root), "main", os.environ)) == ["root", "shop-2"]
    if root == "icesync.yaml":
        assert names(load_at(Path(), "main", os.environ)) == ["root", "shop-2"]


@pytest.mark.parametrize(
    "pattern",
    [
        "'*.yaml'",
        "a/x.yaml",
        "./a//x.yaml",
        "'a/*.yaml'",
        "'a/*'",
        "'?/[w-y].yaml'",
        "'[!a]/*.yaml'",
        "'*/*/*.yaml'",
        "'**/*.yaml'",
        "'**/b/*.yaml'",
        "'a/**/*.yaml'",
        "'**/b/**/*.yaml'",
        "'**/**/c/*.yaml'",
        "'.hidden/*'",
        "b/x.yaml, 'a/b/**/*.yaml'",
    ],
)
def test_a_pattern_means_in_a_revision_what_it_means_in_a_folder(
    repository: Repository, pattern: str
) -> None:
    homes = ("v", "a/x", "a/b/x", "a/b/c/x", "b/x", "b/y", ".hidden/x")
    files = {f"{home}.yaml": account(number) for number, home in enumerate(homes, 2)}
    repository.commit({"icesync.yaml": ROOT % pattern, **files})

    found = load_at(repository.folder, "HEAD", os.environ)

    assert found == load(repository.folder).fleet
    assert len(found.accounts) > 1


def lose(repository: Repository, name: str) -> None:
    """Make the clone a partial one: it no longer has what this file holds."""
    content = repository.git("rev-parse", f"HEAD:{name}")
    (repository.folder / ".git" / "objects" / content[:2] / content[2:]).unlink()


def test_files_that_are_not_included_are_not_read(repository: Repository) -> None:
    files = {"a/x.yaml": account(2), "a/x.txt": "not this", "b/x.yaml": "nor this", "a/b/x.yaml": "nor that"}
    repository.commit({"icesync.yaml": ROOT % "'a/*.yaml'", **files})
    for name in files.keys() - {"a/x.yaml"}:
        lose(repository, name)

    assert names(load_at(repository.folder, "HEAD", os.environ)) == ["root", "shop-2"]


def test_content_that_the_clone_lacks_is_told(repository: Repository) -> None:
    repository.commit({"icesync.yaml": ROOT % "a.yaml", "a.yaml": account(2)})
    lose(repository, "a.yaml")

    with pytest.raises(UsageError, match="git diff"):
        load_at(repository.folder, "HEAD", os.environ)


def test_a_revision_that_git_cannot_list_is_told(repository: Repository) -> None:
    repository.commit({"icesync.yaml": ROOT % ""})
    lose(repository, "")

    with pytest.raises(IcesyncError, match="cannot list"):
        load_at(repository.folder, "HEAD", os.environ)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"icesync.yaml": ""},
        {"icesync.yaml": "version: 1\n\t- x"},
        {"icesync.yaml": "version: 2"},
        {"icesync.yaml": ROOT % "a.yaml"},
        {"icesync.yaml": ROOT % "../a.yaml", "../a.yaml": account(2)},
        {"icesync.yaml": ROOT % "a.yaml", "a.yaml": account(1)},
        {"icesync.yaml": "version: 1\ninclude: [{a: b}]"},
    ],
)
def test_a_revision_without_a_valid_state_is_an_error_in_the_files(
    repository: Repository, files: dict[str, str]
) -> None:
    repository.commit({f"fleet/{name}": text for name, text in {"other": "", **files}.items()})

    with pytest.raises(ConfigError):
        load_at(repository.folder / "fleet" / "icesync.yaml", "HEAD", os.environ)


@pytest.mark.parametrize("link", ["icesync.yaml", "a.yaml"])
def test_a_symbolic_link_counts_as_no_file(repository: Repository, link: str) -> None:
    repository.write({"icesync.yaml": ROOT % "a.yaml", "a.yaml": account(2)})
    # What git keeps of a link is the name that it leads to; this one could pass for a file's text.
    (repository.folder / link).rename(repository.folder / "version: 1")
    (repository.folder / link).symlink_to("version: 1")
    repository.commit()

    assert names(load(repository.folder).fleet) == ["root", "shop-2"]
    with pytest.raises(ConfigError):
        load_at(repository.folder, "HEAD", os.environ)


def test_a_made_up_tree_cannot_write_outside(repository: Repository) -> None:
    outside = Path(tempfile.gettempdir(), f"icesync-outside-{os.getpid()}.yaml")
    repository.commit({"icesync.yaml": ROOT % "'**/*.yaml'", outside.name: account(2)})
    tree, root = (repository.git("rev-parse", name) for name in ("HEAD^{tree}", "HEAD:icesync.yaml"))
    made_up = repository.git("mktree", given=f"040000 tree {tree}\t..\n100644 blob {root}\ticesync.yaml\n")
    hostile = repository.git("commit-tree", "-m", "hostile", made_up)

    assert names(load_at(repository.folder, hostile, os.environ)) == ["root"]
    assert not outside.exists()


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "nobody",
        "--help",
        "-h",
        "--all",
        "--git-dir",
        "--output=pwned",
        "^HEAD",
        "HEAD..HEAD",
        "HEAD HEAD",
        "HEAD:icesync.yaml",
        "HEAD^{tree}",
        "0" * 40,
        "\x1b[2J",
        "a\nb",
        "a\0b",
        "x" * 2_000_000,
        "\udcff",
    ],
)
def test_what_names_no_commit_is_a_mistake_of_the_command_line(repository: Repository, ref: str) -> None:
    repository.commit({"icesync.yaml": ROOT % ""})

    with pytest.raises(UsageError) as refused:
        load_at(repository.folder, ref, os.environ)

    assert str(refused.value).isprintable()
    assert sorted(os.listdir(repository.folder)) == [".git", "icesync.yaml"]


def test_a_branch_whose_name_looks_like_an_option_is_still_a_branch(repository: Repository) -> None:
    repository.commit({"icesync.yaml": ROOT % ""})
    repository.git("update-ref", "refs/heads/--help", "HEAD")

    assert names(load_at(repository.folder, "--help", os.environ)) == ["root"]


def test_a_shallow_clone_tells_how_to_get_what_it_lacks(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"icesync.yaml": ROOT % ""})
    repository.commit()
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth=1", repository.folder.as_uri(), str(clone))

    assert names(load_at(clone, "HEAD", os.environ)) == ["root"]
    with pytest.raises(UsageError, match=r"'HEAD~1'.*git fetch --unshallow"):
        load_at(clone, "HEAD~1", os.environ)


def test_without_a_repository_there_is_no_revision(repository: Repository) -> None:
    shutil.rmtree(repository.folder / ".git")

    with pytest.raises(UsageError, match="not a git repository"):
        load_at(repository.folder, "HEAD", os.environ)


def test_without_git_there_is_no_revision(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"icesync.yaml": ROOT % ""})

    with pytest.raises(UsageError, match="needs git"):
        load_at(repository.folder, "HEAD", {"PATH": str(tmp_path)})


def test_a_hook_of_another_repository_does_not_lead_astray(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"icesync.yaml": ROOT % ""})
    of_the_hook = {"GIT_DIR": str(tmp_path / "elsewhere"), "GIT_WORK_TREE": str(tmp_path)}

    assert names(load_at(repository.folder, "HEAD", {**os.environ, **of_the_hook})) == ["root"]


def test_the_repository_is_only_read(repository: Repository) -> None:
    repository.commit({"icesync.yaml": ROOT % "a.yaml", "a.yaml": account(2)})
    repository.write({"a.yaml": account(3)})

    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in repository.folder.rglob("*")}

    before = state()
    load_at(repository.folder, "HEAD", os.environ)
    assert state() == before
