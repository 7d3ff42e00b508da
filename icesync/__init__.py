"""icesync keeps the ice breakers of Instagram accounts in Git: plan, apply, read back, roll back."""

__version__ = "0.1.0"
