# Sourced by ./test, ./dev and .ci/run: the same surroundings on every machine.
export LC_ALL=C.UTF-8 TZ=Asia/Tokyo PYTHONUTF8=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_INPUT=1
exec </dev/null
