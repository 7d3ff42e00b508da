"""Templates, defaults, variables and includes: what the accounts have in the end."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from icesync.config import load
from icesync.errors import ConfigError
from icesync.model import NOTHING, Account, Api, Desired, Fleet, IceBreaker, Limit, Limits, Profile

Told = Callable[..., list[str]]


@pytest.fixture
def fleet(told: Told) -> Callable[..., Fleet]:
    def load_fleet(text: str, others: dict[str, str] | None = None) -> Fleet:
        assert told(dedent(text), others) == []
        return load(Path()).fleet

    return load_fleet


def one(question: str, payload: str = "P") -> tuple[IceBreaker, ...]:
    return (IceBreaker(question, payload),)


def test_the_example_of_the_contract_gives_what_it_says(fleet: Callable[..., Fleet]) -> None:
    found = fleet("""\
        # yaml-language-server: $schema=./icesync.schema.json
        version: 1
        api: {url: "https://graph.instagram.com", version: v24.0}
        limits: {max_changes: 50, max_deletes: 10%}
        defaults:
          token: env:IG_TOKENS#${name}
        templates:
          retail:
            labels: [retail]
            ice_breakers:
              default:
                - question: "Where is my ${brand} order?"
                  payload: ORDER_STATUS
              fr_FR:
                - question: "Où est ma commande ${brand} ?"
                  payload: ORDER_STATUS
        accounts:
          acme-us:
            id: "17841400000000001"
            extends: retail
            vars: {brand: ACME}
            labels: [us]
            ice_breakers:
              fr_FR: null
          acme-old:
            id: "17841400000000002"
            ice_breakers: none
          acme-lab:
            id: "17841400000000003"
        """)
    assert found == Fleet(
        (
            Desired(Account("acme-lab", "17841400000000003", "env:IG_TOKENS#acme-lab"), None),
            Desired(Account("acme-old", "17841400000000002", "env:IG_TOKENS#acme-old"), NOTHING),
            Desired(
                Account("acme-us", "17841400000000001", "env:IG_TOKENS#acme-us", ("retail", "us")),
                Profile.of({"default": one("Where is my ACME order?", "ORDER_STATUS")}),
            ),
        ),
        Api(),
        Limits(Limit(50), Limit(10, percent=True)),
    )


def test_layers_win_in_the_order_defaults_templates_own_keys(fleet: Callable[..., Fleet]) -> None:
    [desired] = fleet("""\
        version: 1
        defaults:
          extends: ground
          token: env:DEFAULTS
          protect: true
          labels: [z, a]
          vars: {x: defaults, y: defaults}
        templates:
          ground: {token: env:GROUND, vars: {w: ground, x: ground}, ice_breakers: none}
          parent: {token: env:PARENT, vars: {x: parent, z: parent}}
          first:
            extends: parent
            token: env:FIRST
            labels: [b]
            ice_breakers: {default: [{question: first, payload: P}], de_DE: [{question: first, payload: P}]}
          last:
            extends: [parent]
            token:
            ice_breakers:
              de_DE: [{question: "${w} ${x} ${y} ${z}", payload: P}]
              fr_FR: [{question: q, payload: P}]
        accounts:
          a:
            id: me
            extends: [first, last]
            token: env:OWN
            protect: null
            labels: [a, c]
            ice_breakers: {fr_FR: null, en_GB: [{question: own, payload: P}]}
        """).accounts
    assert desired.account == Account("a", "me", "env:OWN", ("a", "b", "c", "z"))
    assert desired.profile == Profile.of(
        {"default": one("first"), "de_DE": one("ground parent defaults parent"), "en_GB": one("own")}
    )


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("{}", Account("a", "1", "env:T", ("l",), protect=True)),
        ("{token: null}", Account("a", "1", None, ("l",), protect=True)),
        ("{labels: null}", Account("a", "1", "env:T", (), protect=True)),
        ("{protect: false}", Account("a", "1", "env:T", ("l",))),
        ("{vars: null, token: env:U}", Account("a", "1", "env:U", ("l",), protect=True)),
    ],
)
def test_null_removes_what_a_template_gave(fleet: Callable[..., Fleet], own: str, expected: Account) -> None:
    [desired] = fleet(f"""\
        version: 1
        templates: {{t: {{token: "env:${{v}}", vars: {{v: T}}, labels: [l], protect: True}}}}
        accounts: {{a: {{id: 1, extends: t, {own.strip("{}")}}}}}
        """).accounts
    assert desired.account == expected


def test_a_mistake_that_is_overridden_is_none(fleet: Callable[..., Fleet]) -> None:
    [desired] = fleet("""\
        version: 1
        templates:
          t:
            token: oops
            protect: perhaps
            labels: [not a label]
            vars: {brand: [a]}
            ice_breakers: {default: [{question: "${nope}"}], en: oops}
        accounts:
          a:
            id: 1
            extends: t
            token: env:T
            protect: false
            labels: null
            vars: {brand: ACME}
            ice_breakers: {default: [{question: "${brand}", payload: P}], en: null}
        """).accounts
    assert desired.profile == Profile.of({"default": one("ACME")})


def test_a_template_that_nobody_uses_is_checked_too(told: Told) -> None:
    text = """\
        version: 1
        templates:
          t:
            qestion: 1
            token: oops
            vars: {known: K}
            ice_breakers:
              fr_FR:
                - {question: "${brand} ${known} ${name}", payload: "${ brand }"}
              en: []
        accounts: {a: {id: 1}}
        """
    assert [line.rpartition(" [")[2] for line in told(dedent(text))] == [
        "unknown-key]",
        "token-reference]",
        "broken-variable]",
        "malformed-locale]",
        "empty-ice-breakers]",
    ]


def test_variables_are_filled_in_once_and_literally(fleet: Callable[..., Fleet]) -> None:
    [desired] = fleet("""\
        version: 1
        accounts:
          a-b.c:
            id: "007"
            token: command:get ${NAME} ${name}#${id}
            vars: {x: "${name} $${", empty: ""}
            ice_breakers:
              default:
                - {question: " ${name} ${id} ${NAME} ${locale} ", payload: '{"a": "${x}", "b": {$x}}'}
                - {question: "$${name} $$${name} $", payload: "${empty}${locale}\u00a0"}
        """).accounts
    assert desired.account.token == "command:get A_B_C a-b.c#007"
    assert desired.profile == Profile.of(
        {
            "default": [
                ("a-b.c 007 A_B_C default", '{"a": "${name} $${", "b": {$x}}'),
                ("${name} $${name} $", "default"),
            ]
        }
    )


def test_scalars_stay_the_text_that_was_typed(fleet: Callable[..., Fleet]) -> None:
    [desired] = fleet("""\
        version: 1
        accounts:
          0123:
            id: 0123
            token: env:T
            labels: [1.0, no]
            ice_breakers:
              default:
                - {question: no, payload: 0123}
                - {question: 12:30, payload: "null"}
                - {question: 1e3, payload: '~'}
                - question: |
                    two
                    lines
                  payload: >
                    folded
                    text
        """).accounts
    assert desired.account == Account("0123", "0123", "env:T", ("1.0", "no"))
    assert desired.profile == Profile.of(
        {
            "default": [
                ("no", "0123"),
                ("12:30", "null"),
                ("1e3", "~"),
                ("two\nlines", "folded text"),
            ]
        }
    )


def test_included_files_are_read_once_and_give_templates_and_accounts(fleet: Callable[..., Fleet]) -> None:
    others = {
        "accounts/a.yaml": "accounts: {a: {id: 1, extends: t}}",
        "accounts/b.yaml": "version: 1\ntemplates: {t: {labels: [x]}}\naccounts:\n",
        "deep/er/c.yaml": "accounts: {c: {id: 3, extends: t}}",
    }
    found = fleet(
        """\
        version: 1
        include: [accounts/*.yaml, accounts/a.yaml, "*.yaml", "deep/**/*.yaml"]
        accounts: {b: {id: 2}}
        """,
        others,
    )
    assert [(each.account.name, each.account.labels) for each in found.accounts] == [
        ("a", ("x",)),
        ("b", ()),
        ("c", ("x",)),
    ]


def test_an_include_does_not_follow_a_link_out_of_the_folder(told: Told, folder: Path) -> None:
    (folder / "outside.yaml").write_text("accounts: {b: {id: 2}}")
    (folder / "fleet").mkdir()
    (folder / "fleet/link.yaml").symlink_to("../outside.yaml")
    (folder / "fleet/loop.yaml").symlink_to("loop.yaml")
    root = "version: 1\ninclude: ['l*.yaml', '../outside.yaml']\naccounts: {a: {id: 1}}"
    told("version: 1", {"fleet/icesync.yaml": root})
    with pytest.raises(ConfigError) as raised:
        load(Path("fleet"))
    assert [(found.span.column, found.rule) for found in raised.value.diagnostics] == [
        (11, "include"),
        (22, "include"),
    ]


def test_a_directory_stands_for_its_icesync_yaml(told: Told, folder: Path) -> None:
    told("version: 1\naccounts: {a: {id: 1}}")
    by_folder, by_file = load(folder), load(folder / "icesync.yaml")
    assert by_folder == by_file
    assert by_folder.root == folder


def test_accounts_that_stand_on_one_template_share_one_profile(fleet: Callable[..., Fleet]) -> None:
    accounts = "".join(f"  a{n}: {{id: {n}, extends: t, vars: {{x: {n % 2}}}}}\n" for n in range(6))
    others = "".join(f"  b{n}: {{id: 1{n}, extends: u, ice_breakers: {{fr_FR: null}}}}\n" for n in range(3))
    locales = "{default: [{question: q, payload: P}], fr_FR: [{question: r, payload: P}]}"
    found = fleet(
        "version: 1\ntemplates:\n"
        "  t: {ice_breakers: {default: [{question: '${x}', payload: P}]}, token: env:T}\n"
        f"  u: {{token: env:T, ice_breakers: {locales}}}\naccounts:\n{accounts}{others}"
    )
    profiles = [desired.profile for desired in found.accounts]
    assert len({id(profile) for profile in profiles[:6]}) == 2
    assert len({id(profile) for profile in profiles[6:]}) == 1


def test_a_template_that_is_reached_many_ways_counts_once(fleet: Callable[..., Fleet]) -> None:
    """Written out, the forty levels of two parents each would be a million million layers."""
    levels = "".join(f"  t{n}: {{extends: [t{n + 1}, t{n + 1}], labels: [l{n}]}}\n" for n in range(40))
    [desired] = fleet(
        f"version: 1\naccounts: {{a: {{id: 1, extends: t0}}}}\ntemplates:\n{levels}  t40: {{}}\n"
    ).accounts
    assert len(desired.account.labels) == 40
