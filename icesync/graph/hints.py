"""What a person can do about a failed call, by code and subcode (Graph API facts, section Errors)."""

from icesync.model import FailureKind

_TOKEN_SUBCODES = {
    458: "The app was removed from the account: connect it again, then store the new token.",
    459: "Instagram wants the account's owner to log in and pass a checkpoint.",
    460: "The password was changed: log in again, then store the new token.",
    463: "The token has expired: create a new one and store it where the reference points.",
    464: "The account is not confirmed: its owner must log in and confirm it.",
    467: "The token is not valid: create a new one and store it where the reference points.",
    492: "The token's user has no role on this account any more.",
}

_KINDS = {
    FailureKind.TOKEN: "Create a new token and store it where the account's reference points.",
    FailureKind.PERMISSION: (
        "The token needs instagram_business_basic and instagram_business_manage_messages; "
        "grant them and create a new token."
    ),
    FailureKind.THROTTLED: "Too many calls: run it again later; nothing is lost.",
    FailureKind.INVALID: "",
    FailureKind.BLOCKED: "Meta has blocked this action for now: look into the account before you try again.",
    FailureKind.TRANSIENT: "This passes by itself most times: run it again.",
    FailureKind.CREDENTIAL: "",
}


def hint(kind: FailureKind, code: int | None, subcode: int | None, type_: object = None) -> str:
    """The next step for this failure; empty where the message says all there is. `type_` is the
    API's word for the error."""
    if kind is FailureKind.TOKEN and subcode in _TOKEN_SUBCODES:
        return _TOKEN_SUBCODES[subcode]
    if code == 100 and subcode == 33:
        return "The id is wrong, or the token belongs to another account: compare the two."
    if code == 100 and subcode is None and type_ == "IGApiException":
        return (
            "Most times the token is dead or belongs to the other host: compare the token with api.url "
            "(graph.instagram.com or graph.facebook.com), or create a new one."
        )
    return _KINDS[kind]
