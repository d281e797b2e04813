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

# <milliseconds>: sets $random, uniformly random in [0, milliseconds].
random_up_to() {
  random=$(od -An -N4 -tu4 /dev/urandom)
  random=$((random % ($1 + 1)))
}

# <attempt from 1> [<most milliseconds>]: full jitter, uniformly random in [0, min(cap, 2^attempt seconds)].
back_off() {
  ceiling=$backoff_cap_ms
  [ "$1" -gt 20 ] || [ "$((1000 << $1))" -ge "$ceiling" ] || ceiling=$((1000 << $1))
  [ -z "${2-}" ] || [ "$2" -ge "$ceiling" ] || ceiling=$2
  random_up_to "$ceiling"
  nap "$random"
}

# <seconds> <command...>: becomes the command, which ends after that time whatever it does.
limited() {
  limit=$1
  shift
  exec timeout -k 5 "$limit" "$@"
}

# <pid...>: the pids of everything below them, zombies left out.
descendants() {
  cat /proc/[0-9]*/stat 2> /dev/null | LC_ALL=C awk -v roots="$*" '
    { pid = $1; sub(/^.*[)] /, ""); if ($1 != "Z") parent[pid] = $2 }
    END {
      for (count = split(roots, root, " "); count > 0; count--) below[root[count]] = 1
      do {
        grew = 0
        for (pid in parent) if (!(pid in below) && (parent[pid] in below)) { below[pid] = grew = 1; print pid }
      } while (grew)
    }'
}

# <pid...>: ends them with everything below them; of this program itself only what is below it. Stopped first, in more
# than one pass, so that nothing escapes by forking meanwhile.
kill_tree() {
  tree=''
  [ "$1" = "$$" ] || tree=$*
  for _ in 1 2 3; do
    tree="$tree $(descendants "$@" | tr '\n' ' ')"
    # shellcheck disable=SC2086 # a list of pids
    kill -STOP $tree 2> /dev/null || :
  done
  # shellcheck disable=SC2086
  kill -KILL $tree 2> /dev/null || :
}
