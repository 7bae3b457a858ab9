"""``python -m cleanplate_training``."""

from cleanplate_training.cli import main

if __name__ == "__main__":
    main()
