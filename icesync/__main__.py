"""`python -m icesync` is `icesync`."""

from icesync.cli import main

if __name__ == "__main__":
    main()
