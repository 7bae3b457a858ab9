"""Pictures by the million, from and to any store, on any number of machines."""
