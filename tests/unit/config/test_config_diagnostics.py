"""Every rule of the desired state: the YAML that breaks it, and the lines that are said.

The cases stand in `diagnostics.txt`: a name, files, and what loading them says.
"""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from icesync.config import load
from icesync.config.rules import RULES
from icesync.errors import ConfigError

Told = Callable[..., list[str]]

ONE = 'version: 1\naccounts:\n  a: {id: "1", token: env:T, ice_breakers: none}\n'


def read_cases() -> dict[str, tuple[dict[str, str], list[str]]]:
    cases = {}
    for case in Path(__file__).with_name("diagnostics.txt").read_text().removeprefix("=== ").split("\n=== "):
        name, _, rest = case.partition("\n>>> ")
        *files, says = (part.partition("\n")[::2] for part in rest.split("\n>>> "))
        cases[name] = {file: text + "\n" for file, text in files}, says[1].strip().splitlines()
    return cases


CASES = read_cases()
CONTROL = "control characters cannot stand here; write '\\xNN' in double quotes"
QUESTIONS = """\
version: 1
accounts:
  a:
    id: me
    token: env:T
    vars: {gap: "\\u2060"}
    ice_breakers:
      default:
"""
RULE = "[invisible-character]"
# What an editor would not keep in a text file, or not show.
ODD_BYTES = {
    "broken UTF-8": (
        b"version: 1\n# \xc3\xa4\xff",
        ["icesync.yaml:2:4: error: this is not UTF-8; save the file as UTF-8 [encoding]"],
    ),
    "NUL": (
        ONE.encode() + b"# \0",
        [f"icesync.yaml:4:3: error: {CONTROL} [control-character]"],
    ),
    "texts without anything to see": (
        (QUESTIONS + '        - {question: "\u200b \\u3164", payload: \ufeff}').encode(),
        [
            "icesync.yaml:9:22: error: the question has no visible character [invisible-text]",
            "icesync.yaml:9:43: error: the payload has no visible character [invisible-text]",
        ],
    ),
    "characters that nobody sees": (
        (
            QUESTIONS
            + "        - {question: Where\u200b is it?, payload: P}\n"
            + '        - {question: Which?, payload: "P\\u00ad"}\n'
            + "        - {question: 'Who\u202e ?', payload: 'é${gap}'}"
        ).encode(),
        [
            f"icesync.yaml:{place}: warning: the {key} holds {sign}, which nobody can see {RULE}"
            for place, key, sign in (
                ("9:27", "question", "U+200B ZERO WIDTH SPACE"),
                ("10:39", "payload", "U+00AD SOFT HYPHEN"),
                ("11:26", "question", "U+202E RIGHT-TO-LEFT OVERRIDE"),
                ("11:41", "payload", "U+2060 WORD JOINER"),
            )
        ],
    ),
    "20,000 open brackets": (
        b"[" * 20_000,
        ["icesync.yaml:1:65: error: nested deeper than 64 levels [too-deep]"],
    ),
}


@pytest.mark.parametrize(("files", "lines"), CASES.values(), ids=CASES)
def test_a_mistake_is_told_at_its_place(told: Told, files: dict[str, str], lines: list[str]) -> None:
    assert told(files.pop("icesync.yaml"), files) == lines


@pytest.mark.parametrize(("text", "lines"), ODD_BYTES.values(), ids=ODD_BYTES)
def test_bytes_that_are_no_text_for_yaml_are_told(told: Told, text: bytes, lines: list[str]) -> None:
    assert told(text) == lines


def test_what_a_script_or_an_emoji_needs_is_no_matter(told: Told) -> None:
    questions = ["❤\ufe0f 👩\u200d💻", "می\u200cخواهم", "שלום\u200f!", "Où est-ce\xa0?", "{}"]
    for question in questions:
        assert told(QUESTIONS + f'        - {{question: "{question}", payload: "{question}"}}') == []


def test_a_file_has_a_size_limit(told: Told) -> None:
    assert told(ONE + "include: [a.yaml]", {"a.yaml": "#" * (64 * 2**20 + 1)}) == [
        "a.yaml:1:1: error: the file is larger than 64 MiB; split it and use 'include' [too-large]"
    ]


def test_a_name_cannot_script_a_terminal(told: Told) -> None:
    assert told(ONE + "include: ['*.yaml']", {"\x1b[2J.yaml": 'accounts: {"\\e[2J": {id: 2}}'}) == [
        "\\x1b[2J.yaml:1:12: error: a name is made of letters, digits, - _ . and not '\\x1b[2J' [name]"
    ]


def test_an_account_stands_on_a_bounded_number_of_templates(told: Told) -> None:
    templates = "".join(f"  t{n}: {{extends: t{n + 1}}}\n" for n in range(100))
    root = ONE.replace("none}", "none, extends: t0}") + f"templates:\n{templates}  t100: {{}}"
    assert told(root) == [
        "icesync.yaml:3:59: error: more than 100 templates stand under this account [extends-depth]"
    ]


@pytest.mark.parametrize("path", ["none.yaml", "none/icesync.yaml", "folder", "bad\0name"])
def test_a_root_file_that_cannot_be_read_is_told_like_any_mistake(folder: Path, path: str) -> None:
    (folder / "folder").mkdir()
    with pytest.raises(ConfigError) as raised:
        load(Path(path))
    [diagnostic] = raised.value.diagnostics
    assert diagnostic.rule == "unreadable-file"
    assert (diagnostic.span.line, diagnostic.span.column) == (1, 1)
    assert "\0" not in str(diagnostic)


def test_every_rule_is_explained_and_every_explanation_has_its_rule() -> None:
    cases = [lines for *_, lines in [*CASES.values(), *ODD_BYTES.values()]]
    told = {line.rpartition("[")[2].removesuffix("]") for lines in cases for line in lines}
    assert told | {"unreadable-file", "too-large", "extends-depth"} == set(RULES)


def test_a_token_that_somebody_typed_is_never_repeated(told: Told) -> None:
    secret = "IGQVJsecret"
    wrong = [
        secret,
        f"{secret}: x",
        f"env:{secret}-",
        f"env:{secret}#",
        "'file: '",
        f'"file:{secret}\\nx"',
        f"keyring:{secret}",
        f"keyring:/{secret}",
        f"keyring:{secret}/",
        f"[{secret}]",
    ]
    for token in (*wrong, f"${{{secret.lower()}}} {secret}"):
        lines = told(ONE.replace("env:T", token if token[0] in "'\"[" else f"'{token}'"))
        assert lines
        assert all(
            "[token-reference]" in line or "[unknown-variable]" in line or "[wrong-type]" in line
            for line in lines
        )
        assert not any(secret in line for line in lines)


def test_a_mistake_in_a_template_is_told_once_at_its_own_line(told: Told) -> None:
    accounts = "".join(f"  a{n}: {{id: {n}, extends: t}}\n" for n in range(200))
    text = dedent("""\
        version: 1
        defaults: {token: "env:${nope}"}
        templates:
          t:
            labels: ["a b"]
            ice_breakers:
              default:
                - question: "${brand}?"
                  payload: ""
                - {question: "${name} asks ${many} times"}
                - {question: "${name} LONG?", payload: p}
        accounts:
        """).replace("LONG", "x" * 80)
    assert told(text + accounts) == [
        "icesync.yaml:2:24: error: ${nope} has no value for account a0 [unknown-variable]",
        "icesync.yaml:5:14: error: a label begins with a letter or digit, then - _ . too; not 'a b' [label]",
        "icesync.yaml:8:22: error: ${brand} has no value for account a0 [unknown-variable]",
        "icesync.yaml:9:20: error: the payload is empty [empty-text]",
        "icesync.yaml:10:11: error: entry 2 needs a payload [missing-key]",
        "icesync.yaml:10:36: error: ${many} has no value for account a0 [unknown-variable]",
        "icesync.yaml:11:22: warning: the question has 84 characters; Meta is known to take 80 [long-text]",
    ]


def test_a_mistake_behind_aliases_is_told_once_at_the_anchor(told: Told) -> None:
    text = dedent("""\
        version: 1
        templates:
          t: &t
            token: env:T
            ice_breakers: &ib {default: [{question: q, payload: [p]}]}
          u: *t
        accounts:
          a: {id: 1, extends: u}
          b: {id: 2, token: env:T, ice_breakers: *ib}
        """)
    assert told(text) == [
        "icesync.yaml:5:57: error: payload wants text, not a list [wrong-type]",
    ]


def test_lines_are_counted_as_editors_count_them(told: Told) -> None:
    text = "\ufeffversion: 1\r\naccounts:\r  a: {id: 1, vars: {b: '\u2028 \x85 \U0001f600'}, x: y}\n"
    assert told(text) == ["icesync.yaml:3:34: error: unknown key 'x' [unknown-key]"]


def test_places_are_shown_as_the_path_was_given(told: Told, folder: Path) -> None:
    told(ONE + "include: sub/*.yaml\nx: y", {"sub/b.yaml": "x: y"})
    for path in ("icesync.yaml", "./icesync.yaml", str(folder), f"../{folder.name}"):
        with pytest.raises(ConfigError) as raised:
            load(Path(path))
        base = Path(path) if path.endswith(".yaml") else Path(path) / "icesync.yaml"
        files = [diagnostic.span.file for diagnostic in raised.value.diagnostics]
        assert files == sorted([str(base), str(base.parent / "sub/b.yaml")])
