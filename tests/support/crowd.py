"""A plan of as many accounts as a test wants: one template, and a brand of its own in each question."""

from icesync.model import Account, Change, Plan, Profile


def many(count: int) -> Plan:
    """Updates of `shop-0000` and on: a question is reworded, another stays."""
    return Plan(tuple(_change(number) for number in range(count)))


def _change(number: int) -> Change:
    account = Account(f"shop-{number:04}", str(17841400000000000 + number))
    return Change(account, *(_profile(f"Where is my {word}", number) for word in ("parcel", "order")))


def _profile(words: str, number: int) -> Profile:
    return Profile.of(
        {
            "default": [(f"{words} from Brand {number}?", "ORDER"), ("Talk to a human", "HUMAN")],
            "he_IL": [("איפה ההזמנה שלי?", "ORDER")],
        }
    )
