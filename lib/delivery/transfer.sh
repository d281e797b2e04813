# The verified transfer of models: a folder DIR/models appears only by rename, and only when every byte in it is what
# the manifest says. transfer-place.sh tells what else is in DIR.

state='' incoming='' total_bytes=0 landed_bytes=0 kept_bytes=0

accept_manifest() {
  [ -z "$class" ] && [ -f "$landing/1.file" ] || return 0
  mv -f "$landing/1.file" "$state/manifest"
  : > "$1"
}
fetch_manifest() { fetch_list "$1" accept_manifest; }
fetch_files() { fetch_list "$1" accept_landed; }

# The manifest of the source in use. One that is not the pinned one is fetched again once: its way may have changed it.
request_manifest() {
  use_network
  for request in first last; do
    mkdir -p "$state/lists" && rm -f "$state/lists"/*
    echo '-  manifest.sha256' > "$state/lists/1.list"
    run_lists "$state/lists" fetch_manifest || return 1
    manifest_sha=$(hash_of "$state/manifest") || die 70 'cannot hash the manifest'
    [ "sha256:$manifest_sha" = "${digest:-sha256:$manifest_sha}" ] && return 0
    [ "$request" = last ] || event retry "\"file\":\"manifest.sha256\",\"attempt\":1,\"reason\":\"mismatch: sha256 $manifest_sha, pinned is $digest\""
  done
  leave_source 65 "${source}manifest.sha256 has the digest sha256:$manifest_sha, pinned is $digest: these are not the bytes that were approved; pin the published digest or publish again"
  return 1
}

# Finds the manifest here where its digest is known and it is here; else it is fetched. Sets $manifest_sha.
get_manifest() {
  manifest_sha=''
  for candidate in "$published/manifest.sha256" "$verified/manifest.sha256"; do
    if [ -n "$known" ] && has_digest "$candidate" "$known"; then
      cat "$candidate" > "$state/manifest"
      manifest_sha=${known#sha256:}
      break
    fi
  done
  [ -n "$manifest_sha" ] || from_sources request_manifest
  faults=$(manifest_faults "$state/manifest")
  [ -z "$faults" ] || die 65 "${source}manifest.sha256 is refused: $faults"
}

# [<name>]: the manifest's lines whose files are neither right where they are published nor verified, into
# $state/missing; with a name only that one. Sets $missing, their number.
list_missing() {
  missing=0
  LC_ALL=C awk -v right="$state/right" '
    BEGIN { while ((getline line < right) > 0) here[line] = 1 }
    !($0 in here)' "$state/manifest" > "$state/wanted"
  while IFS= read -r line; do
    name=${line#*  }
    if [ "${1:-$name}" != "$name" ] || [ -f "$verified/$name" ]; then continue; fi
    missing=$((missing + 1))
    printf '%s\n' "$line"
  done < "$state/wanted" > "$state/missing"
}

# [<name>]: fails when the source was left.
fetch_missing() {
  list_missing "$@"
  [ "$missing" -gt 0 ] || return 0
  use_network
  divide "$state/missing" "$missing" "$state/lists"
  run_lists "$state/lists" fetch_files
}

# <model.json>: its totalBytes, nothing where it has no such number.
declared_total() {
  tr '\n' ' ' < "$1" | LC_ALL=C sed -n 's/.*"totalBytes"[[:space:]]*:[[:space:]]*\([0-9][0-9]*\)[[:space:]]*[,}].*/\1/p'
}

# model.json first: it says how much is to come, before the first byte of weights.
check_size() {
  from_sources fetch_missing model.json
  description=$verified/model.json
  [ -f "$description" ] || description=$published/model.json
  total_bytes=$(declared_total "$description")
  case $total_bytes in '' | 0?* | ????????????????*) total_bytes=0 && die 65 "${source}model.json has no totalBytes, a whole number of bytes" ;; esac
  [ "$total_bytes" -gt 0 ] || die 65 "${source}manifest.sha256 names no file with a byte in it: an empty folder was published; publish the model's files under a new version"
  [ "$total_bytes" -le "$max_bytes" ] || die 65 "the model holds $total_bytes bytes, declared are at most $max_bytes: raise the declared size of the model"
  [ "$total_bytes" -ge "$((max_bytes / 2))" ] || warn "the model holds $total_bytes bytes, less than half of the declared $max_bytes: lower the declared size, it is reserved on the node"
  kept_bytes=$((landed_bytes < total_bytes ? landed_bytes : total_bytes))
  needed=$(((total_bytes - kept_bytes) / 1024 + 1))
  free=$(df -Pk "$destination" | LC_ALL=C sed -n '2s/.* \([0-9][0-9]*\)  *[0-9-]*%.*/\1/p')
  list_missing
  [ "$missing" = 0 ] || [ -z "$free" ] || [ "$free" -ge "$needed" ] || die 73 "$needed KiB are still to come, $destination has $free KiB free: raise the volume's size"
}

# Brings what is not there or not right.
bring() {
  known=${digest:-$marked} landed_bytes=0
  prepare_folders
  get_manifest
  prepare_published
  prepare_verified
  list_missing
  event start "\"source\":$(json_string "$source"),\"digest\":\"sha256:$manifest_sha\",\"files\":$(wc -l < "$state/manifest"),\"missing\":$missing,\"hasher\":\"$hasher\""
  check_size
  from_sources fetch_missing
  publish
}

transfer_model() {
  clock
  started=$now told_at=$now total_bytes=0 landed_bytes=0 kept_bytes=0 published_checked='' cached=true
  source_count=0 source_faults='' first_fault=''
  model_json=$(json_string "$model")
  incoming='' verified_root=$destination/.verified published=$destination/models marker=$destination/.ready
  verified=$verified_root/files
  umask 022
  [ -z "$shared" ] || umask 002 # the next program may be another user of the group
  boot=$(cat /proc/sys/kernel/random/boot_id 2> /dev/null) || boot=''
  attempt_limit=$((stall + max_bytes / floor)) hash_limit=$((stall + max_bytes / (floor < 20971520 ? floor : 20971520))) # every hasher reaches that rate
  use_next_source
  if ! trusted; then
    until look; do
      [ -z "$shared" ] || published_checked='' # until the lock is exclusive, another program may put it right
      met=$(marker_text)
      lock -x
      ! published_meanwhile || continue
      cached=false
      bring
      break
    done
    incoming='' # without the lock it is another program's
    unlock
  fi
  tell_ready "$cached"
}

# Whoever waited to change anything looks again, beside others: to bring would be one after the other, and forget the
# boots that trust what is there.
published_meanwhile() {
  [ -n "$shared" ] && read_marker "$marker" && [ "$(marker_text)" != "$met" ]
}
marker_text() {
  [ ! -f "$marker" ] || cat "$marker" 2> /dev/null || :
}

look() {
  lock -s
  trusted || { choose_hasher && confirmed; }
}

# <whether all of it was there>
tell_ready() {
  clock
  total_bytes=$(declared_total "$published/model.json")
  [ "$1" = false ] || kept_bytes=$total_bytes
  read_marker "$marker" || :
  seconds=$((now - started))
  rate=$(((total_bytes - kept_bytes) / (seconds > 0 ? seconds : 1)))
  ready="\"digest\":\"$marked\",\"bytes\":${total_bytes:-0},\"seconds\":$seconds,\"rate\":$rate,\"cached\":$1"
  event ready "$ready"
  successes="$successes{\"v\":1,\"model\":$model_json,$ready}$newline"
  termination_message "${successes%"$newline"}"
}

main() {
  if [ "${1-}" = credentials ]; then
    backoff_cap_ms=$(milliseconds "$backoff_cap")
    credentials_bridge
  fi
  set -u
  check_settings
  each_model check_model "$@"
  trap 'termination_message "ended by a signal; verified files stay for the next start (exit 143)"; leave 143' TERM INT HUP
  trap '[ -z "$state" ] || rm -rf "$state"' EXIT
  state=$(mktemp -d "${TMPDIR:-/tmp}/model-transfer.XXXXXX") || die 64 "settings: cannot write to ${TMPDIR:-/tmp}"
  start_pool
  choose_credentials
  fetch_prepare
  each_model transfer_model "$@"
  leave 0
}

main "$@"
