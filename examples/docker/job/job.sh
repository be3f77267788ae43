# Adds up the numbers on stdin, one a line. 3: a line is no number.
while read -r number; do
	redis-cli -e incrby sum "$number" >/dev/null || exit 3
done
redis-cli get sum
