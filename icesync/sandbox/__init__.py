"""The sandbox: a Graph API of its own, read from the manual without a look at icesync's client."""
