# Once a second, increments the counter in redis and writes it into the page.
set -eu
. examples/web/settings.sh
trap 'echo "the last page is number $pages"; exit 0' TERM
pages=0
while :; do
	if count=$(redis incr pages) && [ "$count" -gt 0 ] 2>/dev/null; then
		pages=$count
		sed -e "s|@PAGES@|$pages|g" -e "s|@PID@|$$|g" "$here/page.html" >"$DIR/html/index.html.new"
		mv "$DIR/html/index.html.new" "$DIR/html/index.html"
	else
		echo "redis does not answer; the page stays as it is" >&2
	fi
	sleep 1 &
	wait $! || :
done
