"""What names, numbers and references look like, for the loader and for JSON Schema alike."""

import re
from typing import Final

NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
ACCOUNT_ID: Final = re.compile(r"[0-9]{1,32}|me")
LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
LIMIT: Final = re.compile(r"(?P<percent>100|[0-9]{1,2})%|(?P<count>[0-9]{1,9})")
VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BUDGET: Final = re.compile(r"none|0*[1-9][0-9]*/0*[1-9][0-9]*[smh]")
API_VERSION: Final = re.compile(r"v[0-9]{1,3}\.[0-9]{1,3}")
API_HOSTS: Final = ("graph.instagram.com", "graph.facebook.com")
MAX_QUESTIONS: Final = 4
