"""Random nouns for the laws: small enough to collide often, strange enough to hurt."""

from typing import Final

from hypothesis import strategies as st

from icesync.model import (
    DEFAULT_LOCALE,
    NOTHING,
    Account,
    Action,
    Against,
    Api,
    Change,
    FailureKind,
    GraphFailure,
    IceBreaker,
    Limit,
    Limits,
    Observation,
    Outcome,
    Plan,
    Profile,
    Report,
    Snapshot,
    Status,
    Subscription,
    Unreadable,
    canonical_text,
)

LOCALES: Final = ("de_DE", "en_GB", "fr_FR", "he_IL", "zh_CN")
STAMPS: Final = st.sampled_from(("2026-11-23T03:09:11Z", "2026-11-24T00:00:00Z"))
NAMES: Final = st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True)
COUNTS: Final = st.integers(0, 9)


# Canonical, not empty, without control characters and lone surrogates.
TEXTS: Final = st.sampled_from(("A?", "B?", "C?", "D?", "Où est-ce ?", "איפה?")) | st.text(
    st.characters(exclude_categories=("Cc", "Cs")), max_size=20
).map(canonical_text).filter(bool)


def hostile_texts() -> st.SearchStrategy[str]:
    """Anything that Python can hold: controls, escapes, bidi overrides, lone surrogates."""
    nasty = st.sampled_from(
        ("\x1b[2J", "\u202e", "\u2066", "\u2028", "\r\n", "\x9b", "\x7f", "\ud800", "@everyone")
    )
    return st.lists(nasty | st.text(st.characters(exclude_categories=()), max_size=4), max_size=4).map(
        "".join
    )


def ice_breakers(words: st.SearchStrategy[str] = TEXTS) -> st.SearchStrategy[IceBreaker]:
    return st.builds(IceBreaker, words, words)


def profiles(*, nothing: bool = True, words: st.SearchStrategy[str] = TEXTS) -> st.SearchStrategy[Profile]:
    """What an account may have: a default locale, perhaps others, 1 to 4 questions each; or nothing."""
    questions = st.lists(ice_breakers(words), min_size=1, max_size=4)
    others = dict.fromkeys(LOCALES, questions)
    some = st.fixed_dictionaries({DEFAULT_LOCALE: questions}, optional=others).map(Profile.of)
    return st.just(NOTHING) | some if nothing else some


def accounts() -> st.SearchStrategy[Account]:
    return st.builds(
        Account,
        name=NAMES,
        id=st.integers(17841400000000000, 17841400000999999).map(str),
        token=st.none() | st.just("env:IG_TOKENS#key"),
        labels=st.sets(st.sampled_from(("eu", "retail", "us"))).map(lambda found: tuple(sorted(found))),
        protect=st.booleans(),
    )


def failures() -> st.SearchStrategy[GraphFailure]:
    code = st.none() | st.integers(1, 80014)
    return st.builds(
        GraphFailure,
        kind=st.sampled_from(FailureKind),
        message=hostile_texts(),
        code=code,
        subcode=code,
        trace=st.none() | TEXTS,
        hint=st.just("") | TEXTS,
    )


def changes(account: Account) -> st.SearchStrategy[Change]:
    pairs = st.tuples(profiles(), profiles()).filter(lambda pair: pair[0] != pair[1])
    return pairs.map(lambda pair: Change(account, *pair))


def fields() -> st.SearchStrategy[tuple[str, ...]]:
    """Webhook fields, some of them as the API alone would name them."""
    known = st.sampled_from(("comments", "messages", "messaging_postbacks", "messaging_seen"))
    return st.sets(known | hostile_texts(), max_size=4).map(lambda found: tuple(sorted(found)))


def subscriptions(account: Account) -> st.SearchStrategy[Subscription]:
    pairs = st.tuples(fields(), fields()).filter(lambda pair: not set(pair[0]).issuperset(pair[1]))
    return pairs.map(lambda pair: Subscription(account, pair[0], tuple(sorted({*pair[0], *pair[1]}))))


def limits() -> st.SearchStrategy[Limits]:
    bounds = st.builds(Limit, COUNTS) | st.builds(Limit, st.integers(0, 100), st.just(True))
    return st.builds(Limits, bounds, bounds)


def warnings() -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(hostile_texts(), max_size=3).map(lambda found: tuple(sorted(found)))


@st.composite
def plans(draw: st.DrawFn, max_accounts: int = 4) -> Plan:
    """Any plan: accounts differ in name and id and are sorted by name."""
    fleet = draw(_fleets(max_accounts))
    split = draw(st.integers(0, len(fleet)))
    kinds = [draw(st.sampled_from(("change", "subscribe", "both"))) for _ in fleet[:split]]
    readable = list(zip(fleet[:split], kinds, strict=True))
    unreadable = [Unreadable(account, draw(failures())) for account in fleet[split:]]
    return Plan(
        changes=tuple(draw(changes(account)) for account, kind in readable if kind != "subscribe"),
        subscriptions=tuple(draw(subscriptions(account)) for account, kind in readable if kind != "change"),
        unreadable=tuple(unreadable),
        unchanged=draw(COUNTS),
        unmanaged=draw(COUNTS),
        api=draw(st.sampled_from((Api(), Api("http://127.0.0.1:8080", "v23.0")))),
        created=draw(STAMPS),
        desired=draw(st.sampled_from(("", "sha256:" + "0" * 64))),
        against=draw(st.none() | st.builds(Against, STAMPS, COUNTS)),
        limits=draw(st.none() | limits()),
        warnings=draw(warnings()),
    )


@st.composite
def snapshots(draw: st.DrawFn, max_accounts: int = 4) -> Snapshot:
    """Any live state: of some accounts a profile, of the others why there is none."""
    read = st.tuples(profiles(), st.none(), st.just(0.0), st.none() | fields())
    unread = failures().map(lambda error: (None, error))
    seen = [Observation(account, *draw(read | unread)) for account in draw(_fleets(max_accounts))]
    return Snapshot(draw(STAMPS), tuple(seen), draw(st.sampled_from((Api(), Api("http://127.0.0.1:1")))))


@st.composite
def reports(draw: st.DrawFn, max_accounts: int = 4) -> Report:
    outcomes = [
        Outcome(
            account,
            draw(st.none() | st.sampled_from(Action)),
            draw(st.sampled_from(Status)),
            draw(COUNTS),
            draw(hostile_texts()),
            draw(st.none() | failures()),
        )
        for account in draw(_fleets(max_accounts))
    ]
    return Report("20261123T030911Z-7f3a", draw(STAMPS), draw(STAMPS), tuple(outcomes), draw(COUNTS))


def _fleets(size: int) -> st.SearchStrategy[list[Account]]:
    distinct = (lambda account: account.name, lambda account: account.id)
    found = st.lists(accounts(), max_size=size, unique_by=distinct)
    return found.map(lambda fleet: sorted(fleet, key=lambda account: account.name))
