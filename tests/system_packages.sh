#!/bin/sh
# Installs, from Debian, the real servers, the browser and the tools that tests run against, where that is allowed. Where it is not,
# the tests that need them are skipped and say so.
missing=""
PATH="$PATH:/usr/sbin:/sbin"
command -v mosquitto >/dev/null 2>&1 || missing="$missing mosquitto"
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v victoria-metrics >/dev/null 2>&1 || missing="$missing victoria-metrics"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
command -v dtc >/dev/null 2>&1 || missing="$missing device-tree-compiler"
command -v systemd-analyze >/dev/null 2>&1 || missing="$missing systemd"
command -v cloud-init >/dev/null 2>&1 || missing="$missing cloud-init"
command -v docker-compose >/dev/null 2>&1 || missing="$missing docker-compose"
command -v logrotate >/dev/null 2>&1 || missing="$missing logrotate"
[ -z "$missing" ] && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "no apt-get here: tests that need$missing are skipped"; exit 0; }
as_root=""
if [ "$(id -u)" != 0 ]; then
  sudo -n true 2>/dev/null || { echo "neither root nor sudo: tests that need$missing are skipped"; exit 0; }
  as_root="sudo -n env"
fi
echo "Installing$missing …"
$as_root apt-get update -qq
for package in $missing; do
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$package" >/dev/null \
    || echo "apt-get could not install $package: tests that need it are skipped"
done
exit 0
