"""The command line `hailsim COMMAND`. Each subcommand is imported only when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

USAGE = """usage: hailsim COMMAND [arguments]

  import CITY_SOURCE --out DIR   make a city folder from recorded trips and a road network
  describe [--city CITY]         print the parameters, metrics and settings as JSON
  run --request FILE             simulate one request, JSON lines on stdout
  serve                          simulate requests from stdin, one per line, in one process
  trace CITY                     follow one taxi through a simulated day, on a map
  validate CITY                  compare simulated days with recorded ones
  calibrate CITY                 find worlds (settings with weights) that fit the recorded days
  live CITY                      play the days of a published experiment and report observations
  warmup                         compile the kernels once so that later starts are fast

Run `hailsim COMMAND --help` for its options."""

# Imported on demand: `import` needs no compiled kernel, `serve` needs no reader.
_COMMANDS = {
    "import": ("hailsim.readers.command", "import_command"),
    "describe": ("hailsim.protocol.command", "describe_command"),
    "run": ("hailsim.protocol.command", "run_command"),
    "serve": ("hailsim.protocol.command", "serve_command"),
    "trace": ("hailsim.routes.trace_command", "trace_command"),
    "validate": ("hailsim.validation.command", "validate_command"),
    "calibrate": ("hailsim.calibration.command", "calibrate_command"),
    "live": ("hailsim.live.command", "live_command"),
    "warmup": ("hailsim.protocol.command", "warmup_command"),
}
EXIT_BAD_INPUT = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code (2 for an unknown command)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in {"-h", "--help"}:
        sys.stdout.write(USAGE + "\n")
        return 0
    if not arguments or arguments[0] not in _COMMANDS:
        got = f"unknown command: {arguments[0]}\n\n" if arguments else ""
        sys.stderr.write(got + USAGE + "\n")
        return EXIT_BAD_INPUT
    module_name, function_name = _COMMANDS[arguments[0]]
    command = getattr(import_module(module_name), function_name)
    return int(command(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main())
