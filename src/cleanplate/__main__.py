"""``python -m cleanplate``: the program where its script is not on the path."""

from cleanplate.cli.app import main

if __name__ == "__main__":
    main()
