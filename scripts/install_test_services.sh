#!/usr/bin/env bash
# The Debian packages whose programs the tests start: a MariaDB server for the database tests, a browser for the reports.
# Does nothing when they are there. Tests that miss one say so and skip, except where CI=true.
set -euo pipefail

packages=()
command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || packages+=(mariadb-server-core)
command -v chromium >/dev/null || packages+=(chromium)
[ "${#packages[@]}" -gt 0 ] || exit 0

# Elsewhere than in CI a machine without them can still run most tests.
give_up() {
  echo "cannot install ${packages[*]}: $1" >&2
  echo "install them by hand; until then the tests that need them skip (with CI=true they fail)" >&2
  [ "${CI:-}" != true ] || exit 1
  exit 0
}

command -v apt-get >/dev/null || give_up "apt-get is not on this machine"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || give_up "neither root nor sudo"
  as_root=(sudo)
  # Nobody is there to type a password when this runs without a terminal.
  [ -t 0 ] || as_root=(sudo --non-interactive)
fi

# Another apt-get may be at work on a machine that just started.
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --option DPkg::Lock::Timeout=300 --quiet --quiet "$@" >/dev/null
}
install() {
  apt install --yes --no-install-recommends "${packages[@]}"
}

echo "installing ${packages[*]} for the tests"
# The package lists of a fresh image are empty, those of an old one outdated; the second try follows an update.
install 2>/dev/null || { apt update && install; } ||
  give_up "apt-get failed, see above"
