"""`--changed-since REF`: a run reads only what the files ask otherwise than at a Git revision."""

from dataclasses import dataclass

import pytest

from icesync.documents.strict import digest
from tests.support.desk import Desk
from tests.support.repository import Repository, new_repository

ROOT = """\
version: 1
api: {url: "%s"}
include: [accounts/*.yaml]
defaults: {token: "file:tokens.json#${name}"}
templates:
  retail: {ice_breakers: {default: [{question: "Where is my order?", payload: ORDER}]}}
  service: {ice_breakers: {default: [{question: "When are you open?", payload: HOURS}]}}
"""
ACCOUNTS = """\
accounts:
  shop-1: {id: "17841400000000001", extends: retail}
  shop-2: {id: "17841400000000002", extends: retail}
  desk-3: {id: "17841400000000003", extends: service}
  lab-4: {id: "17841400000000004"}
"""
FIFTH = 'accounts: {new-5: {id: "17841400000000005", extends: retail}}\n'
NAMES = ("shop-1", "shop-2", "desk-3", "lab-4", "new-5")
ORDER = {"default": [("Where is my order?", "ORDER")]}


@dataclass(frozen=True)
class Office:
    """A desk whose files are in a repository, with one commit on main: two shops, a service desk, and
    an unmanaged account."""

    desk: Desk
    repository: Repository

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.desk.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def read(self) -> set[int]:
        """The numbers of the accounts that anything was asked of."""
        return {number for number in range(1, 6) if self.desk.calls(number)}


@pytest.fixture
def office(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Office:
    repository = new_repository(desk.folder, monkeypatch)
    desk.give_tokens({name: f"sandbox-{desk.id_of(number)}" for number, name in enumerate(NAMES, 1)})
    repository.commit({"icesync.yaml": ROOT % desk.sandbox.url, "accounts/all.yaml": ACCOUNTS})
    return Office(desk, repository)


def touch_nothing(office: Office) -> None:
    office.edit("icesync.yaml", "version: 1\n", "version: 1  # and a comment\n")
    office.edit("icesync.yaml", "defaults:", "limits: {max_changes: 5}\ndefaults:")


def move_a_file(office: Office) -> None:
    (office.desk.folder / "accounts/all.yaml").rename(office.desk.folder / "accounts/other.yaml")


def rename_an_account(office: Office) -> None:
    token = f"sandbox-{office.desk.id_of(1)}"
    office.desk.give_tokens(dict.fromkeys(("shop-1", "store"), token))
    for number in (1, 2, 3):
        office.edit("accounts/all.yaml", f'{number}", ', f'{number}", token: "file:tokens.json#shop-1", ')
    office.repository.commit()
    office.edit("accounts/all.yaml", "shop-1: {", "store: {labels: [new], ")


def edit_a_template(office: Office) -> None:
    office.edit("icesync.yaml", "ORDER", "PARCEL")


def edit_an_account(office: Office) -> None:
    office.edit("accounts/all.yaml", "extends: service", "extends: service, protect: true")


def include_a_file(office: Office) -> None:
    office.repository.write({"accounts/fifth.yaml": FIFTH})


def drop_an_account(office: Office) -> None:
    office.edit("accounts/all.yaml", 'shop-2: {id: "17841400000000002", extends: retail}', "")
    office.edit("accounts/all.yaml", "extends: service", "extends: retail")


def change_the_version_of_the_api(office: Office) -> None:
    office.edit("icesync.yaml", "}\ninclude", ", version: v23.0}\ninclude")


def let_an_account_go(office: Office) -> None:
    office.edit("accounts/all.yaml", ", extends: service", "")


@pytest.mark.parametrize(
    ("edit", "read"),
    [
        (touch_nothing, set()),
        (move_a_file, set()),
        (rename_an_account, set()),
        (edit_a_template, {1, 2}),
        (edit_an_account, {3}),
        (include_a_file, {5}),
        (drop_an_account, {3}),
        (change_the_version_of_the_api, {1, 2, 3}),
        (let_an_account_go, set()),
    ],
)
@pytest.mark.parametrize("committed", [False, True])
def test_only_accounts_of_which_something_else_is_asked_are_read(
    office: Office, edit: object, read: set[int], committed: bool
) -> None:
    assert callable(edit)
    edit(office)
    ref = "HEAD"
    if committed:
        office.repository.commit()
        ref = "HEAD~1"

    planned = office.desk.icesync("plan", "--changed-since", ref, "-o", "json")

    assert planned.code == 0, planned.err
    assert office.read() == read
    assert planned.json["summary"]["accounts"] == len(read)
    assert ("1 account has left the files" in planned.err) == (edit is drop_an_account)


def test_nothing_changed_is_an_empty_plan_and_no_request(office: Office) -> None:
    for command in (["plan"], ["drift"], ["apply", "--yes"]):
        done = office.desk.icesync(*command, "--changed-since=main")
        assert (done.code, done.err) == (0, "")
        assert "Plan: 0 to create, 0 to update, 0 to delete, 0 unchanged." in done.out
    assert office.read() == set()


def test_drift_apply_and_pull_are_narrowed_as_well(office: Office) -> None:
    edit_an_account(office)
    office.edit("accounts/all.yaml", ", protect: true", ", labels: [x], token: 'file:./tokens.json#desk-3'")

    assert office.desk.icesync("drift", "--changed-since", "main").code == 2
    assert office.desk.icesync("apply", "--changed-since", "main", "--yes").code == 0
    pulled = office.desk.icesync("pull", str(office.desk.config), "--changed-since", "main", config=False)

    assert "desk-3" in pulled.out
    assert "shop" not in pulled.out
    assert office.read() == {3}


def test_names_and_labels_narrow_further_and_a_mistyped_one_is_still_a_mistake(office: Office) -> None:
    edit_a_template(office)

    assert office.desk.icesync("plan", "--changed-since=main", "--only=shop-2").code == 0
    assert office.read() == {2}
    assert office.desk.icesync("plan", "--changed-since=main", "--only=desk-3").code == 0
    assert office.read() == {2}
    assert office.desk.icesync("plan", "--changed-since=main", "--only=shap-2").code == 64


def test_who_left_the_files_is_told_to_whom_it_concerns(office: Office) -> None:
    drop_an_account(office)

    assert "1 account has left" in office.desk.icesync("plan", "--changed-since=main").err
    assert "left" not in office.desk.icesync("plan", "--changed-since=main", "--only=desk-*").err


def test_the_limits_count_the_accounts_of_the_run(office: Office) -> None:
    office.desk.seed(3, ORDER)
    office.edit("accounts/all.yaml", "extends: service", "ice_breakers: none")

    refused = office.desk.icesync("apply", "--yes", "--changed-since=main")

    assert refused.code == 4
    assert "max_deletes" in refused.err
    assert office.desk.icesync("apply", "--yes", "--changed-since=main", "--max-deletes=100%").code == 0


def test_a_plan_of_what_changed_belongs_to_the_whole_files(office: Office) -> None:
    edit_a_template(office)
    path = office.desk.folder / "plan.json"
    whole = office.desk.icesync("plan", "-o", "json").json
    narrow = office.desk.icesync("plan", "--changed-since=main", "-o", f"json={path}", "-o", "json").json

    assert narrow["desired"] == whole["desired"]
    assert narrow["digest"] == digest({key: narrow[key] for key in narrow if key != "digest"})
    assert office.desk.icesync("apply", "--yes", "--plan", str(path)).code == 0
    assert (office.desk.live(1) != {}, office.desk.live(3)) == (True, {})


def test_a_saved_plan_and_a_rollback_take_no_revision(office: Office) -> None:
    path = office.desk.folder / "plan.json"
    office.desk.icesync("plan", "-o", f"json={path}")
    assert office.desk.icesync("apply", "--yes").code == 0
    office.desk.sandbox.api.calls.clear()

    for command in (["apply", "--plan", str(path)], ["rollback", "last"]):
        refused = office.desk.icesync(*command, "--yes", "--changed-since=main")
        assert refused.code == 64
        assert office.read() == set()


def test_another_url_on_the_command_line_changes_no_account(office: Office) -> None:
    for url in ("https://graph.instagram.com", "https://graph.facebook.com"):
        office.edit("icesync.yaml", office.desk.sandbox.url, url)
        office.repository.commit()
        office.edit("icesync.yaml", url, office.desk.sandbox.url)
    edit_an_account(office)

    for ref in ("main", "main~1"):
        planned = office.desk.icesync("plan", "--changed-since", ref, "--api-url", office.desk.sandbox.url)
        assert (planned.code, office.read()) == (0, {3})


@pytest.mark.parametrize(
    ("at_that_time", "reason"),
    [
        ({"icesync.yaml": "version: 7\n"}, "reads version 1"),
        ({"icesync.yaml": "version: 1\ninclude: [lost.yaml]\n"}, "no file matches"),
        ({"icesync.yaml": "\x1b[2J"}, "control characters"),
    ],
)
def test_where_the_old_files_do_not_load_everything_counts_as_changed(
    office: Office, at_that_time: dict[str, str], reason: str
) -> None:
    office.repository.commit(at_that_time)
    office.repository.git("checkout", "--quiet", "HEAD~1")

    planned = office.desk.icesync("plan", "--changed-since=main")

    assert planned.code == 0
    assert "note: every account counts as changed" in planned.err
    assert reason in planned.err
    assert office.read() == {1, 2, 3}


def test_where_there_was_no_root_file_everything_counts_as_changed(office: Office) -> None:
    office.repository.git("mv", "icesync.yaml", "prod.yaml")
    office.repository.commit()
    office.repository.git("mv", "prod.yaml", "icesync.yaml")

    planned = office.desk.icesync("plan", "--changed-since=HEAD")

    assert (planned.code, office.read()) == (0, {1, 2, 3})
    assert "note: every account counts as changed" in planned.err


@pytest.mark.parametrize("ref", ["nobody", "--help", "-o", "^main", "\x1b[2J", ""])
def test_a_revision_that_is_not_there_is_a_mistake_of_the_command_line(office: Office, ref: str) -> None:
    for command in ("plan", "drift", "apply", "pull"):
        refused = office.desk.icesync(
            command, f"--changed-since={ref}", str(office.desk.config), config=False
        )
        assert (refused.code, refused.out) == (64, "")
        assert "\x1b" not in refused.err
        assert "git fetch" in refused.err
    assert office.read() == set()


def test_outside_of_a_repository_the_option_is_a_mistake(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(desk.folder.parent))
    desk.declare({"shop": ORDER})

    refused = desk.icesync("plan", "--changed-since=main")

    assert refused.code == 64
    assert "needs a Git repository" in refused.err
    assert desk.calls(1) == 0
