"""icesync as a step of a GitHub workflow: what triggered it, what it was asked for, and whom it tells."""
