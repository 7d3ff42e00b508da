"""The client's reading of the Graph API: what to send, how to understand answers, when to wait."""
