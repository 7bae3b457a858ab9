"""What age did to a photographic print: its damage, its fading, its border."""
