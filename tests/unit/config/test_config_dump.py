"""YAML in house order."""

from icesync.config.dump import to_yaml
from icesync.model import NOTHING, Account, Api, Desired, Profile

FLEET = [
    Desired(Account("b", "me", "env:T"), NOTHING),
    Desired(
        Account(
            "a",
            "17841400000000001",
            "file:${x}#a",
            ("1st", "retail"),
            True,
            ("comments", "messages"),
            "command:x",
        ),
        Profile.of(
            {
                "fr_FR": [("Où est ${brand} ?", "null")],
                "default": [("Yes", "ORDER_STATUS"), ("# \x85\u2028\u202e\x1b 😀\n", "~")],
            }
        ),
    ),
    Desired(Account("null", "3"), None),
]


def test_the_text_in_full() -> None:
    assert to_yaml(FLEET, Api("http://127.0.0.1:8080", "v23.0")) == (
        "version: 1\n"
        "api:\n"
        '  url: "http://127.0.0.1:8080"\n'
        "  version: v23.0\n"
        "accounts:\n"
        "  a:\n"
        '    id: "17841400000000001"\n'
        '    token: "file:$${x}#a"\n'
        '    sink: "command:x"\n'
        '    labels: ["1st", retail]\n'
        "    protect: true\n"
        "    webhooks: [comments, messages]\n"
        "    ice_breakers:\n"
        "      default:\n"
        '        - question: "Yes"\n'
        "          payload: ORDER_STATUS\n"
        '        - question: "# \\u0085\\u2028\\u202e\\u001b 😀"\n'
        '          payload: "~"\n'
        "      fr_FR:\n"
        '        - question: "Où est $${brand} ?"\n'
        '          payload: "null"\n'
        "  b:\n"
        '    id: "me"\n'
        '    token: "env:T"\n'
        "    ice_breakers: none\n"
        '  "null":\n'
        '    id: "3"\n'
    )


def test_what_a_file_may_not_name_or_hold_is_left_out() -> None:
    assert to_yaml([], Api("https://proxy.example")) == "version: 1\naccounts: {}\n"
    text = to_yaml([Desired(Account("a", "1"), Profile.of({"default": [("\ud800?", "p")]}))], Api())
    assert '"\\ufffd?"' in text
    assert text.encode()
