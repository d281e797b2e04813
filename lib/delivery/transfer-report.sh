# What the program says: one JSON object a line on stdout, and the pod's termination message.
#
# Exit codes: 0 verified and in place, 64 settings, 65 bytes (digest, manifest, declared size), 66 not there or
# denied, 69 the source keeps failing, 70 a defect of this program, 73 no space, 75 no progress, 77 no credentials.

newline='
'
model=''
model_json='""'
successes=''

# <text>: the text as a JSON string. Control characters, which no name may hold, become blanks.
json_string() {
  printf '"%s"' "$(printf '%s' "$1" | LC_ALL=C tr '\001-\037\177' ' ' | LC_ALL=C sed -e 's/\\/\\\\/g' -e 's/"/\\"/g')"
}

# <event> [<JSON members>]
event() {
  printf '{"v":1,"event":"%s","model":%s%s}\n' "$1" "$model_json" "${2:+,$2}"
}

warn() { # <text>
  event warning "\"message\":$(json_string "$1")"
}

# <text>: kubelet shows at most 4096 bytes of it. A log that can't be written must not fail a good transfer.
termination_message() {
  { printf '%s\n' "$1" | head -c 4096 > "$termination_log"; } 2> /dev/null || :
}

# <exit code> <text>: the end of the program, from its main process only; a worker uses `fail`.
die() {
  trap '' TERM INT HUP
  last_words="${model:+model $model: }$2 (exit $1)"
  event error "\"exit\":$1,\"message\":$(json_string "$last_words")"
  printf '%s\n' "$last_words" >&2
  termination_message "$last_words"
  leave "$1"
}

# <exit code>: nothing that this program started survives it; verified files stay for the next start.
leave() {
  exec 2> /dev/null # some shells tell of every child that was killed
  kill_tree "$$"
  [ -z "$state" ] || rm -rf "$state"
  [ -z "$incoming" ] || rm -rf "$incoming"
  exit "$1"
}

# <exit code> <text>: the end of a worker. The first failure is the one that is told.
fail() {
  end_worker final "$@"
}

# The same where another source may have what this one failed to give.
fail_source() {
  end_worker source "$@"
}

end_worker() {
  (set -C && printf '%s %s %s\n' "$1" "$2" "$3" > "$state/failure") 2> /dev/null || :
  exit "$2"
}
