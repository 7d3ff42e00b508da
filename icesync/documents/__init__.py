"""The JSON documents that icesync writes and machines read: saved plans and reports."""
