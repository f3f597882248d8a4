#!/bin/sh
# Installs Debian's Mosquitto and Chromium for the tests where that is allowed. Where it is not, the tests that need them are
# skipped and say so.
missing=""
command -v mosquitto >/dev/null 2>&1 || [ -x /usr/sbin/mosquitto ] || missing="$missing mosquitto"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
[ -z "$missing" ] && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "no apt-get here: tests that need$missing are skipped"; exit 0; }
as_root=""
if [ "$(id -u)" != 0 ]; then
  sudo -n true 2>/dev/null || { echo "neither root nor sudo: tests that need$missing are skipped"; exit 0; }
  as_root="sudo -n"
fi
echo "Installing$missing …"
$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null \
  || echo "apt-get could not install$missing: tests that need them are skipped"
exit 0
