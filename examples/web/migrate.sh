# Gives the counter its first value, once.
set -eu
. examples/web/settings.sh
first=$(redis setnx pages 0)
if [ "$first" = 1 ]; then
	echo "the counter begins at 0"
else
	echo "the counter goes on from $(redis get pages)"
fi
