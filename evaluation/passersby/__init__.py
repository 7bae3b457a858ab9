"""How well the rule for passers-by agrees with a person who looked at the pictures."""
