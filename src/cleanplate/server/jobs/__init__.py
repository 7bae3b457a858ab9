"""Work that a server was asked for: what it is (job), where it is remembered (store), and who does it (workshop)."""
