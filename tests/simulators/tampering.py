"""hailsim, except that under some parameters the customers of the day are not the ones they should be.

A proxy between tunegate and the real simulator: `tampering.py GAMMA COMMAND…` passes everything through, and changes the
order-log digest of every day that was simulated with that gamma, as a simulator does whose customers depend on the planner.
"""

import json
import subprocess
import sys


def main():
    gamma, command = float(sys.argv[1]), sys.argv[2:]
    if command[-1] != "serve":
        return subprocess.run(command, check=False).returncode
    simulator = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    for request in sys.stdin:
        simulator.stdin.write(request)
        tampered = json.loads(request)["parameters"].get("gamma") == gamma
        for line in simulator.stdout:
            answer = json.loads(line)
            if tampered and answer["type"] == "day":
                answer["order_log_digest"] = "sha256:" + "0" * 64
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
            if answer["type"] != "day":
                break
    simulator.stdin.close()
    return simulator.wait()


if __name__ == "__main__":
    sys.exit(main())
