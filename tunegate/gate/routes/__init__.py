"""The route check: what drivers would be told, production beside candidate, with limits that block. Pure, like the gate."""
