# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
#
# What the checks share. They run at the top of the tree, and look at the files
# that git tracks or would.

# Set by whoever finds something; what a check exits with.
bad=0

# The files that match the patterns $@ (git's: * matches / too).
files()
{
	git ls-files -co --exclude-standard -- "$@" | sort -u |
		while IFS= read -r file; do
			[ -h "$file" ] || [ ! -e "$file" ] || echo "$file"
		done
}

# No file of $3... may have the extended regular expression $2; $1 says why.
refuse()
{
	why=$1 regex=$2
	shift 2
	hits=$(files "$@" | xargs -r grep -nIHE -e "$regex" || true)
	[ -n "$hits" ] || return 0
	echo "$why:"
	echo "$hits"
	bad=1
}

# Run the command $@ on each line of stdin; fail if one failed.
each()
{
	any=0
	while IFS= read -r arg; do
		"$@" "$arg" < /dev/null || any=1
	done
	return "$any"
}
