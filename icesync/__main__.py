"""`python -m icesync` and the program `icesync`: Ctrl-C is 130 from the first import on."""

import sys


def main() -> None:
    try:
        from icesync.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
