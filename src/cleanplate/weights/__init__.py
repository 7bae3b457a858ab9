"""Weights of networks: records of what each one is, where files are looked for and verified, fetching on request."""
