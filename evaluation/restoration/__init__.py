"""How well damage is found and filled and pictures are coloured: protocols, each with the command in its report."""
