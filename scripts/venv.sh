#!/usr/bin/env bash
# Make .venv with exactly the locked versions. Needs Python 3.11 or newer; asks nothing else of the machine.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Belplan needs Python 3.11 or newer; $python is $("$python" -V 2>&1)." >&2; exit 1; }

# The machine's own certificates, as pip and curl use them: a company's network may have one of its own.
export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1

# uv does the work. It is taken from PyPI with pip, into a folder of its own.
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  uv=.venv-uv/bin/uv
  if [ ! -x "$uv" ]; then
    echo "· fetching uv"
    rm -rf .venv-uv
    if ! "$python" -m venv .venv-uv >/dev/null 2>&1; then
      # Debian's python3 without python3-venv has no ensurepip. Its pip wheel is a package that needs no root to unpack.
      rm -rf .venv-uv; "$python" -m venv --without-pip .venv-uv
      work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
      (cd "$work" && apt-get -qq download python3-pip-whl && dpkg-deb -x python3-pip-whl_*.deb .) \
        || { echo "Neither python3-venv nor its package could be had; install it: apt-get install python3-venv" >&2; exit 1; }
      .venv-uv/bin/python "$(echo "$work"/usr/share/python-wheels/pip-*.whl)"/pip install -q uv
    else
      .venv-uv/bin/pip install -q --disable-pip-version-check uv
    fi
  fi
fi

echo "· installing the locked packages"
[ -x .venv/bin/python ] || "$uv" venv -q --python "$python" .venv
"$uv" pip sync -q --python .venv/bin/python --require-hashes requirements/lock.txt
"$uv" pip install -q --python .venv/bin/python --no-deps --no-build-isolation -e .
