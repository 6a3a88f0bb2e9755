"""``python -m logreg`` is the command `logreg`."""

import sys

from logreg.cli import main

if __name__ == "__main__":
    sys.exit(main())
