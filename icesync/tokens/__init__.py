"""Tokens as things that are kept, age and are refreshed: what is known of them, and where new ones go."""
