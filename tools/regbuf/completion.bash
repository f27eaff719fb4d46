# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of the regbuf command: commands, options, and numbers of what there
# is just now.

# The first column of "regbuf list", without its head.
_regbuf_contexts()
{
	regbuf list 2> /dev/null | awk 'NR > 1 { print $1 }'
}

# Buffers, or queues, or endpoints: from what "regbuf show" has of context $1.
_regbuf_buffers()
{
	regbuf show "$1" 2> /dev/null |
		awk '$1 == "buffer" { sub(/:$/, "", $2); print $2 }'
}

_regbuf_queues()
{
	regbuf show "$1" 2> /dev/null |
		awk '$1 == "queue" { sub(/:$/, "", $2); print $2 }'
}

# Those of queue $2.
_regbuf_endpoints()
{
	regbuf show "$1" 2> /dev/null |
		awk -v queue="$2:" '$1 == "endpoint" && $5 == queue { print $2 }'
}

_regbuf_options()
{
	case $1 in
	list|stat|doctor) echo -j --json --help ;;
	show) echo -j --json -s --stuck --help ;;
	top) echo -j --json -n --count -d --delay --help ;;
	monitor) echo -j --json -n --count --help ;;
	abort) echo -y --yes --help ;;
	esac
}

# _regbuf_operands COMMAND OPERAND...: what may follow
_regbuf_operands()
{
	case $1:$# in
	show:1|stat:1|abort:1) _regbuf_contexts ;;
	show:2) _regbuf_buffers "$2" ;;
	abort:2) _regbuf_queues "$2" ;;
	abort:3) _regbuf_endpoints "$2" "$3" ;;
	help:1) echo "$_regbuf_commands" ;;
	esac
}

_regbuf_commands="list show stat top monitor abort doctor help version"

_regbuf()
{
	local word=${COMP_WORDS[COMP_CWORD]} previous words=() choices i

	previous=${COMP_WORDS[COMP_CWORD - 1]}
	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -* ]] || words+=("${COMP_WORDS[i]}")
	done
	if ((COMP_CWORD == 1)); then
		choices="$_regbuf_commands --help --version"
	elif [[ $word == -* ]]; then
		choices=$(_regbuf_options "${words[0]}")
	elif [[ $previous == -[nd] || $previous == --count ||
		$previous == --delay ]]; then
		choices=
	else
		choices=$(_regbuf_operands "${words[@]}")
	fi
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _regbuf regbuf
