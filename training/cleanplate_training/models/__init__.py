"""Networks, one file each, written in plain PyTorch."""
