"""Run the command line: `python -m training`."""

from sandbox.errors import leave
from training.cli import main

if __name__ == "__main__":
    leave(main())
