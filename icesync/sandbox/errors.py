"""Why a sandbox does not come up."""


class CannotStart(Exception):
    """The state file or the port cannot be used. `str()` is the whole message for the person who asked."""
