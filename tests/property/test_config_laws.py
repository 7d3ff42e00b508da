"""Laws of the desired state: nothing but ConfigError, and what is written reads back to the same."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import strategies as st

from icesync.config import Loaded, load
from icesync.config.dump import to_yaml
from icesync.config.locales import LISTED
from icesync.config.webhooks import FIELDS
from icesync.diagnostics import Severity, in_order
from icesync.errors import ConfigError
from icesync.model import Account, Api, Desired, Profile, canonical_text
from icesync.safe import has_ink, hidden

SEEDS = [
    b"""\
version: 1
defaults: {token: 'env:T#${name}', labels: [a]}
templates:
  t: &t
    vars: {brand: "A${x}"}
    ice_breakers:
      default:
        - question: Where is ${brand} #5?
          payload: |
            {"a": "$${x}"}
      fr_FR: &fr [{question: "Q", payload: 'P'}]
  u: {extends: [t], ice_breakers: {fr_FR: null, de_DE: *fr}}
accounts:
  a: {id: "1", extends: [t, u], webhooks: [messages], sink: 'file:t#${name}'}
  b: {id: me, ice_breakers: none, protect: true}
limits: {max_changes: 10%, max_deletes: 3}
""",
    b'{"version": 1, "include": ["*.yaml"], "api": {"url": "http://[::1]:1/"}, "accounts": {"a": {"id": 1}}}',
    b"version: 1\na: &a [&b {c: *a}, *b]\n<<: !!map {? [x] : y}\n--- # \xc3\xa4\n...\n",
]
SPLINTERS = [
    b"${",
    b"}",
    b"*t",
    b"&t ",
    b"- ",
    b": ",
    b"\n",
    b"  ",
    b"[",
    b"{",
    b"null",
    b"#",
    b'"',
    b"'",
    b"\0",
    b"\xff",
    b"\t",
]


def loaded(text: bytes) -> Loaded | ConfigError:
    with TemporaryDirectory() as folder:
        Path(folder, "icesync.yaml").write_bytes(text)
        try:
            return load(Path(folder))
        except ConfigError as error:
            return error


def told_well(text: bytes) -> None:
    """Every diagnostic stands in the file, can be printed, and is said once, in order."""
    found = loaded(text)
    diagnostics = found.diagnostics if isinstance(found, ConfigError) else found.warnings
    assert diagnostics == in_order(diagnostics)
    assert any(each.severity is Severity.ERROR for each in diagnostics) is isinstance(found, ConfigError)
    lines = text.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for each in diagnostics:
        assert each.message.isprintable()
        assert 1 <= each.span.line <= len(lines)
        assert 1 <= each.span.column <= len(lines[each.span.line - 1]) + 1


@given(st.binary(max_size=200))
def test_loading_any_bytes_raises_nothing_but_a_config_error(text: bytes) -> None:
    told_well(text)


@given(
    st.text(
        st.sampled_from("version: 1acounts{}[]\n-&*!|>'\"%@`#$\x85\u2028\ufeff\t\r\0\x1b?,~<"), max_size=80
    )
)
def test_loading_any_yaml_like_text_raises_nothing_but_a_config_error(text: str) -> None:
    told_well(text.encode())


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = begin + draw(st.integers(0, 12))
        text = text[:begin] + draw(st.sampled_from(SPLINTERS) | st.just(text[end : end + 30])) + text[end:]
    return text


@given(mutated())
@example(SEEDS[0])
def test_a_damaged_file_is_told_at_places_that_it_has(text: bytes) -> None:
    told_well(text)


TEXTS = (
    st.sampled_from(
        ["null", "~", "yes", "0123", "# a", "- a", "a: b", "${x}", "$${", "$", "\x85 a", "\x1b[2J", "a\nb"]
    )
    | st.text(max_size=30)
    | st.text(
        st.sampled_from("\x00\x07\t\n\r\x1b\x7f\x85\xa0\u2028\u2029\u202e\ufeff\ufffe\uffff😀${}#:'\"\\ a"),
        max_size=12,
    )
)
QUESTIONS = TEXTS.map(canonical_text).filter(lambda text: bool(text) and (has_ink(text) or not hidden(text)))
ENTRIES = st.lists(st.tuples(QUESTIONS, QUESTIONS), min_size=1, max_size=4)
PROFILES = (
    st.none()
    | st.just(Profile({}))
    | st.fixed_dictionaries({"default": ENTRIES}, optional=dict.fromkeys(sorted(LISTED)[:3], ENTRIES)).map(
        Profile.of
    )
)
ACCOUNTS = st.builds(
    Account,
    name=st.from_regex(r"[A-Za-z0-9._-]+", fullmatch=True),
    id=st.just("me") | st.from_regex(r"[0-9]{1,32}", fullmatch=True),
    token=st.none()
    | st.sampled_from(["env:T", "env:T#a b${x}", "file:ä/b c#k", "command:pass show 'a' \"${b}\""]),
    labels=st.lists(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]*", fullmatch=True), unique=True)
    .map(sorted)
    .map(tuple),
    protect=st.booleans(),
    webhooks=st.sets(st.sampled_from(sorted(FIELDS)), max_size=3).map(sorted).map(tuple),
).flatmap(lambda account: st.sampled_from([account, replace(account, sink=f"file:${{x}} ä#{account.id}")]))
APIS = st.builds(
    Api,
    url=st.sampled_from(
        ["https://graph.instagram.com", "https://graph.facebook.com", "http://localhost:80/x"]
    ),
    version=st.sampled_from(["v24.0", "v1.10"]),
)


@given(
    st.lists(
        st.builds(Desired, ACCOUNTS, PROFILES),
        max_size=3,
        unique_by=(lambda each: each.account.name, lambda each: each.account.id),
    ),
    APIS,
)
def test_what_is_written_reads_back_to_the_same(fleet: list[Desired], api: Api) -> None:
    found = loaded(to_yaml(fleet, api).encode())
    assert isinstance(found, Loaded), found.diagnostics
    assert found.fleet.accounts == tuple(sorted(fleet, key=lambda each: each.account.name))
    assert found.fleet.api == api
    assert to_yaml(found.fleet.accounts, found.fleet.api) == to_yaml(fleet, api)
