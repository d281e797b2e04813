# The sources of one model. They hold the same bytes, as the pinned digest shows, so what one of them failed to give
# may come from the next. What was verified stays.

source_count=0 source_faults='' first_fault=''

# Sets $region and $source to the next of $sources; fails where there is none left.
take_source() {
  [ -n "$sources" ] || return 1
  region=${sources%%"$newline"*} sources=${sources#*"$newline"}
  source=${region#* } region=${region%% *}
}

use_next_source() {
  take_source || return 1
  source_count=$((source_count + 1)) credentials_ready=''
  export AWS_REGION="$region" AWS_DEFAULT_REGION="$region"
}

# <exit code> <text>: the source in use is to blame. Goes on to the next one, or ends the program with what was said of
# each; the exit code is that of the first, as it is the one to repair.
leave_source() {
  [ -n "$first_fault" ] || first_fault=$1
  source_faults="$source_faults${source_faults:+; }$2"
  left_source=$source
  if use_next_source; then
    event fallback "\"source\":$(json_string "$left_source"),\"next\":$(json_string "$source"),\"reason\":$(json_string "$2")"
    return 0
  fi
  [ "$source_count" = 1 ] || source_faults="none of $source_count sources has it: $source_faults"
  die "$first_fault" "$source_faults"
}

# <function> <arguments...>: calls it for one source after the other until it succeeds. It fails after leave_source.
from_sources() {
  until "$@"; do :; done
}

credentials_ready='' jittered=''
# Before the first byte from a source. Nothing waits for credentials that it doesn't need.
use_network() {
  if [ -z "$jittered" ] && [ "$jitter" -gt 0 ]; then
    random_up_to "$((jitter * 1000))"
    event wait "\"seconds\":$((random / 1000)),\"reason\":\"start jitter\""
    nap "$random"
  fi
  jittered=1
  [ -n "$credentials_ready" ] || wait_for_credentials
  credentials_ready=1
}
