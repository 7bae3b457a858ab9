"""RGB to masks: what is where in a picture."""
