# Creates what the servers need: directories and configuration files.
set -eu
. examples/web/settings.sh
mkdir -p "$DIR/html" "$DIR/redis" "$DIR/temp"
rm -f "$DIR/html/index.html"
for name in nginx.conf redis.conf; do
	sed -e "s|@DIR@|$DIR|g" -e "s|@WEB_PORT@|$WEB_PORT|g" -e "s|@REDIS_PORT@|$REDIS_PORT|g" \
		"$here/$name" >"$DIR/$name"
done
echo "everything is in $DIR"
