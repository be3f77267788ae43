# Adds up the numbers on stdin, one per line. Status 3: a line is not a number.
while read -r number; do
	redis-cli -e incrby sum "$number" >/dev/null || exit 3
done
redis-cli get sum
