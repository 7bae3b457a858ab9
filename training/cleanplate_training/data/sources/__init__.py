"""Where pictures come from: one layout a file, each a function that lists entries without decoding anything."""
