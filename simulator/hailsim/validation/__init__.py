"""How close the simulator comes to what was recorded: `hailsim validate`."""
