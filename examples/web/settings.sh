# What the scripts of the example share; read with "." by each of them. Who
# changes a port changes it in sexton.toml, under ready, as well.
DIR=${SEXTON_EXAMPLE:-/tmp/sexton-example}
WEB_PORT=${SEXTON_EXAMPLE_PORT:-8080}
REDIS_PORT=${SEXTON_EXAMPLE_REDIS_PORT:-6380}
PATH=$PATH:/usr/sbin
here=examples/web

redis() { redis-cli -p "$REDIS_PORT" "$@"; }
