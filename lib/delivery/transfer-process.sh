# Processes and time: deadlines, waits with jitter, and the end of a process with everything it started.
# A container's sh has no job control, and coreutils' timeout leaves the process group, so ends go by the parent
# relation in /proc.

# Sets $now: seconds that no clock change moves, without a process.
clock() {
  IFS='. ' read -r now _ < /proc/uptime
}

# <seconds, with or without a fraction, no leading zeros>: whole milliseconds.
milliseconds() {
  part=000
  case $1 in *.*) part=${1#*.}000 ;; esac
  part=${part%"${part#???}"}
  printf '%s' "$((${1%%.*} * 1000 + 1$part - 1000))" # the 1 keeps 050 from being octal
}

# <milliseconds>: sleeps so that a signal is acted upon at once.
nap() {
  sleep "$(printf '%d.%03d' "$(($1 / 1000))" "$(($1 % 1000))")" &
  wait "$!"
}

# <attempt from 1> [<most milliseconds>]: full jitter, uniformly random in [0, min(cap, 2^attempt seconds)].
back_off() {
  ceiling=$backoff_cap_ms
  [ "$1" -gt 20 ] || [ "$((1000 << $1))" -ge "$ceiling" ] || ceiling=$((1000 << $1))
  [ -z "${2-}" ] || [ "$2" -ge "$ceiling" ] || ceiling=$2
  random=$(od -An -N4 -tu4 /dev/urandom)
  nap "$((random % (ceiling + 1)))"
}

# <seconds> <command...>: becomes the command, which ends after that time whatever it does.
limited() {
  limit=$1
  shift
  exec timeout -k 5 "$limit" "$@"
}

# <pid>: the pids of everything below it, zombies left out.
descendants() {
  cat /proc/[0-9]*/stat 2> /dev/null | LC_ALL=C awk -v root="$1" '
    { pid = $1; sub(/^.*[)] /, ""); if ($1 != "Z") parent[pid] = $2 }
    END {
      below[root] = 1
      do {
        grew = 0
        for (pid in parent) if (!(pid in below) && (parent[pid] in below)) { below[pid] = grew = 1; print pid }
      } while (grew)
    }'
}

# <pid>: ends it with everything below it; of this program itself only what is below it. Stopped first, in more
# than one pass, so that nothing escapes by forking meanwhile.
kill_tree() {
  tree=''
  [ "$1" = "$$" ] || tree=$1
  for _ in 1 2 3; do
    tree="$tree $(descendants "$1" | tr '\n' ' ')"
    # shellcheck disable=SC2086 # a list of pids
    kill -STOP $tree 2> /dev/null || :
  done
  # shellcheck disable=SC2086
  kill -KILL $tree 2> /dev/null || :
}
