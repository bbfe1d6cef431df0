"""`python -m sandbox`."""

from sandbox.cli.main import main
from sandbox.errors import leave

if __name__ == "__main__":
    leave(main())
