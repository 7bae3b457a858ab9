"""RGB -> alpha of people, and the colours of what alpha leaves."""
