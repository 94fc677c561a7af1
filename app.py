"""SSPL Explorer as a Hugging Face Space starts it; elsewhere it is `python -m sspl.explorer`."""

import sys

from sspl.explorer.__main__ import run

if __name__ == "__main__":
    sys.exit(run())
