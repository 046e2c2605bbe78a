"""`python -m harness` is `fencepost`."""

from harness.cli import main

if __name__ == "__main__":
    main()
