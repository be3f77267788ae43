# Sets the counter to its first value, once.
set -eu
. examples/web/settings.sh
first=$(redis setnx pages 0)
if [ "$first" = 1 ]; then
	echo "the counter starts at 0"
else
	echo "the counter continues from $(redis get pages)"
fi
