"""Time and memory, side by side with other methods. See README.md for how to run and what came out."""
