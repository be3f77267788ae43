# Settings of all scripts of the example, which read them with ".". If you change a
# port, change it in sexton.toml, under ready, too.
DIR=${SEXTON_EXAMPLE:-/tmp/sexton-example}
WEB_PORT=${SEXTON_EXAMPLE_PORT:-8080}
REDIS_PORT=${SEXTON_EXAMPLE_REDIS_PORT:-6380}
PATH=$PATH:/usr/sbin
here=examples/web

redis() { redis-cli -p "$REDIS_PORT" "$@"; }
