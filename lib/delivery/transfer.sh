# The verified transfer of models: a folder DIR/models appears only by rename, and only when every byte in it is what
# the manifest says. Unverified files are in DIR/.incoming, verified ones in DIR/.verified; both survive a kill, only
# the second is used again.

# --- Settings ---------------------------------------------------------------------------------------------------
jobs=${MODEL_TRANSFER_JOBS:-4}                                # lists of files at once
attempts=${MODEL_TRANSFER_ATTEMPTS:-6}                        # for one list
backoff_cap=${MODEL_TRANSFER_BACKOFF_CAP:-30}                 # seconds, a fraction is fine
stall=${MODEL_TRANSFER_STALL:-300}                            # seconds without a byte that end an attempt
floor=${MODEL_TRANSFER_FLOOR:-20971520}                       # bytes a second; sets the deadline of an attempt
credentials_wait=${MODEL_TRANSFER_CREDENTIALS_WAIT:-120}      # seconds
progress=${MODEL_TRANSFER_PROGRESS:-10}                       # seconds between two progress lines
termination_log=${MODEL_TRANSFER_TERMINATION_LOG:-/dev/termination-log}
# ----------------------------------------------------------------------------------------------------------------

state='' incoming='' total_bytes=0 landed_bytes=0 kept_bytes=0

check_settings() {
  for setting in "$jobs" "$attempts" "$stall" "$floor"; do
    case $setting in '' | *[!0-9]* | 0*) die 64 "settings: $setting is not a whole number above zero" ;; esac
  done
  for setting in "$credentials_wait" "$progress"; do
    case $setting in '' | *[!0-9]* | 0?*) die 64 "settings: $setting is not a whole number" ;; esac
  done
  case $backoff_cap in '' | *[!0-9.]* | .* | 0[0-9]* | *.*.*) die 64 "settings: $backoff_cap is not a number of seconds" ;; esac
  backoff_cap_ms=$(milliseconds "$backoff_cap")
}

# <function> <arguments...>: calls the function for each group of flags.
each_model() {
  action=$1
  shift
  model='' destinations="$newline"
  case ${1-} in --model=*) ;; *) die 64 "settings: expected --model=<name>, found ${1:-nothing}" ;; esac
  for flag in "$@"; do
    case $flag in *"$newline"*) die 64 "settings: the value of ${flag%%=*} holds a newline" ;; esac
    value=${flag#*=}
    case $flag in
      --model=*)
        [ -z "$model" ] || "$action"
        model=$value source='' region='' digest='' max_bytes='' destination=''
        ;;
      --source=*) source=$value ;;
      --region=*) region=$value ;;
      --digest=*) digest=$value ;;
      --max-bytes=*) max_bytes=$value ;;
      --destination=*) destination=$value ;;
      *) die 64 "settings: unknown flag, or one without a value: $flag" ;;
    esac
  done
  "$action"
}

check_model() {
  [ -n "$model" ] || die 64 'settings: --model is empty'
  case $source in s3://?*/?*/) ;; *) die 64 "settings: --source must be s3://bucket/prefix/ with a slash at its end, not $source" ;; esac
  [ -n "$region" ] || die 64 'settings: --region is missing'
  case $max_bytes in '' | *[!0-9]* | 0* | ????????????????*) die 64 "settings: --max-bytes must be a number of bytes, not ${max_bytes:-missing}" ;; esac
  case $destination in /?*) ;; *) die 64 "settings: --destination must be an absolute path, not ${destination:-missing}" ;; esac
  case $destinations in *"$newline$destination$newline"*) die 64 "settings: two models have the destination $destination" ;; esac
  destinations=$destinations$destination$newline
  case $digest in
    '') ;;
    sha256:*[!0-9a-f]*) die 64 "settings: --digest must be sha256:<64 lower-case hexadecimal digits>, not $digest" ;;
    sha256:????????????????????????????????????????????????????????????????) ;;
    *) die 64 "settings: --digest must be sha256:<64 lower-case hexadecimal digits>, not $digest" ;;
  esac
}

# <file>: reads a marker of this source and, where one is pinned, this digest. Sets $marked (the digest) and $marked_boot.
read_marker() {
  marked='' marked_boot=''
  [ -f "$1" ] && IFS=' ' read -r marked marked_boot marked_source < "$1" || return 1
  [ "$marked_source" = "$source" ] && [ "$marked" = "${digest:-$marked}" ] && return 0
  marked=''
  return 1
}

# <folder>: what is in it counts for nothing until it is hashed again.
set_aside() {
  aside=1
  while [ -e "$verified_root/unchecked.$aside" ]; do aside=$((aside + 1)); done
  mv "$1" "$verified_root/unchecked.$aside" || die 70 "cannot move $1"
}

# Verified files are trusted on the boot that verified them: a crash of the node may lose what was not yet on disk.
prepare_folders() {
  rm -f "$marker"
  { mkdir -p "$verified_root" && rm -rf "$incoming" && mkdir -p "$incoming"; } 2> /dev/null || die 64 "settings: cannot write to $destination as user $(id -u)"
  if [ -e "$published" ] || [ -L "$published" ]; then set_aside "$published"; fi
  verified_boot=''
  [ ! -f "$verified_root/boot" ] || IFS= read -r verified_boot < "$verified_root/boot" || :
  if [ -z "$boot" ] || [ "$verified_boot" != "$boot" ]; then
    for folder in "$verified_root"/*; do
      case ${folder##*/} in '*' | boot | unchecked.*) ;; *) set_aside "$folder" ;; esac
    done
    printf '%s\n' "$boot" > "$verified_root/boot"
  fi
}

credentials_ready=''
# Nothing waits for credentials that it doesn't need.
use_network() {
  [ -n "$credentials_ready" ] || fetch_ready
  credentials_ready=1
}

accept_manifest() {
  [ -z "$class" ] && [ -f "$landing/1.file" ] || return 0
  mv -f "$landing/1.file" "$state/manifest"
  : > "$1"
}
fetch_manifest() { fetch_list "$1" accept_manifest; }
fetch_files() { fetch_list "$1" accept_landed; }

# <list>: the same files from a folder that was set aside; what is wrong there is fetched like everything else.
take_unchecked() {
  while IFS= read -r line; do
    name=${line#*  }
    [ "$(hash_of "$unchecked/$name")" = "${line%%  *}" ] || continue
    case $name in */*) mkdir -p "$verified/${name%/*}" ;; esac
    mv -f "$unchecked/$name" "$verified/$name" || fail 70 "cannot move $name into $verified"
  done < "$1"
}

# Finds the manifest here where its digest is known and it is here; else it is fetched. Sets $manifest_sha.
get_manifest() {
  known=${digest:-$1}
  rm -f "$state/manifest"
  for candidate in "$verified_root"/*/manifest.sha256; do
    [ -n "$known" ] || break
    if [ -f "$candidate" ] && [ "sha256:$(hash_of "$candidate")" = "$known" ]; then
      cat "$candidate" > "$state/manifest"
      break
    fi
  done
  if [ ! -e "$state/manifest" ]; then
    use_network
    mkdir -p "$state/lists" && rm -f "$state/lists"/*
    echo '-  manifest.sha256' > "$state/lists/1.list"
    run_lists "$state/lists" fetch_manifest
  fi
  manifest_sha=$(hash_of "$state/manifest") || die 70 'cannot hash the manifest'
  [ "sha256:$manifest_sha" = "${digest:-sha256:$manifest_sha}" ] || die 65 "${source}manifest.sha256 has the digest sha256:$manifest_sha, pinned is $digest: these are not the bytes that were approved; pin the published digest or publish again"
  faults=$(manifest_faults "$state/manifest")
  [ -z "$faults" ] || die 65 "${source}manifest.sha256 is refused: $faults"
  verified=$verified_root/$manifest_sha
  for folder in "$verified_root"/*; do
    case ${folder##*/} in boot | unchecked.* | "$manifest_sha") ;; *) rm -rf "$folder" ;; esac
  done
  mkdir -p "$verified"
  cat "$state/manifest" > "$incoming/manifest.sha256" && mv -f "$incoming/manifest.sha256" "$verified/manifest.sha256"
}

# [<folder>]: the manifest's lines that are not verified yet (and, with a folder, are files there), into $state/missing.
# Sets $missing, their number.
list_missing() {
  missing=0
  while IFS= read -r line; do
    name=${line#*  }
    [ ! -f "$verified/$name" ] || continue
    [ -z "${1-}" ] || { [ -f "$1/$name" ] && [ ! -L "$1/$name" ]; } || continue
    missing=$((missing + 1))
    printf '%s\n' "$line"
  done < "$state/manifest" > "$state/missing"
}

check_again() {
  for unchecked in "$verified_root"/unchecked.*; do
    [ -e "$unchecked" ] || continue
    list_missing "$unchecked"
    divide "$state/missing" "$missing" "$state/lists"
    run_lists "$state/lists" take_unchecked
    rm -rf "$unchecked"
  done
}

# <model.json>: its totalBytes, nothing where it has no such number.
declared_total() {
  tr '\n' ' ' < "$1" | LC_ALL=C sed -n 's/.*"totalBytes"[[:space:]]*:[[:space:]]*\([0-9][0-9]*\)[[:space:]]*[,}].*/\1/p'
}

# model.json first: it says how much is to come, before the first byte of weights.
check_size() {
  LC_ALL=C awk 'substr($0, 67) == "model.json"' "$state/manifest" > "$state/missing"
  if [ ! -f "$verified/model.json" ]; then
    use_network
    divide "$state/missing" 1 "$state/lists"
    run_lists "$state/lists" fetch_files
  fi
  total_bytes=$(declared_total "$verified/model.json")
  case $total_bytes in '' | 0?* | ????????????????*) total_bytes=0 && die 65 "${source}model.json has no totalBytes, a whole number of bytes" ;; esac
  [ "$total_bytes" -gt 0 ] || die 65 "${source}manifest.sha256 names no file with a byte in it: an empty folder was published; publish the model's files under a new version"
  [ "$total_bytes" -le "$max_bytes" ] || die 65 "the model holds $total_bytes bytes, declared are at most $max_bytes: raise the declared size of the model"
  [ "$total_bytes" -ge "$((max_bytes / 2))" ] || warn "the model holds $total_bytes bytes, less than half of the declared $max_bytes: lower the declared size, it is reserved on the node"
  measure_verified
  kept_bytes=$bytes_found landed_bytes=$bytes_found
  needed=$(((total_bytes - bytes_found) / 1024 + 1))
  free=$(df -Pk "$destination" | LC_ALL=C sed -n '2s/.* \([0-9][0-9]*\)  *[0-9-]*%.*/\1/p')
  [ "$missing_files" = 0 ] || [ -z "$free" ] || [ "$free" -ge "$needed" ] || die 73 "$needed KiB are still to come, $destination has $free KiB free: raise the volume's size"
}

# The final look at the whole, the rename, and the marker after it.
publish() {
  measure_verified
  expected_files=$(($(wc -l < "$state/manifest") + 1))
  [ "$files_found" = "$expected_files" ] || die 70 "$files_found files are verified, expected are $expected_files"
  [ "$bytes_found" = "$total_bytes" ] || die 65 "the manifest's files hold $bytes_found bytes, model.json says $total_bytes: manifest.sha256 and model.json are not of one publication; publish again"
  chmod -R a+rX "$verified" 2> /dev/null || :
  printf 'sha256:%s %s %s\n' "$manifest_sha" "${boot:--}" "$source" > "$marker.next"
  mv "$verified" "$published" || die 70 "cannot move $verified to $published"
  mv -f "$marker.next" "$marker" || die 70 "cannot write $marker"
  rm -rf "$incoming" "$verified_root"
}

transfer_model() {
  clock
  started=$now told_at=$now total_bytes=0 landed_bytes=0 kept_bytes=0
  model_json=$(json_string "$model")
  incoming=$destination/.incoming verified_root=$destination/.verified published=$destination/models marker=$destination/.ready
  boot=$(cat /proc/sys/kernel/random/boot_id 2> /dev/null) || boot=''
  export AWS_REGION="$region" AWS_DEFAULT_REGION="$region"
  attempt_limit=$((stall + max_bytes / floor)) hash_limit=$((stall + max_bytes / (floor < 20971520 ? floor : 20971520))) # every hasher reaches that rate
  if read_marker "$marker" && [ -n "$boot" ] && [ "$marked_boot" = "$boot" ] && [ -d "$published" ]; then
    kept_bytes=$(declared_total "$published/model.json")
    tell_ready "$marked" "${kept_bytes:=0}" true
    return 0
  fi
  [ -n "$marked" ] || read_marker "$marker.next" || :
  known_here=$marked
  choose_hasher
  prepare_folders
  rm -f "$marker.next"
  get_manifest "$known_here"
  list_missing
  event start "\"source\":$(json_string "$source"),\"digest\":\"sha256:$manifest_sha\",\"files\":$(wc -l < "$state/manifest"),\"missing\":$missing,\"hasher\":\"$hasher\""
  check_again
  list_missing
  missing_files=$missing
  check_size
  list_missing
  if [ "$missing" -gt 0 ]; then
    use_network
    divide "$state/missing" "$missing" "$state/lists"
    run_lists "$state/lists" fetch_files
  fi
  publish
  tell_ready "sha256:$manifest_sha" "$total_bytes" false
}

# <digest> <bytes> <already there>
tell_ready() {
  clock
  seconds=$((now - started))
  rate=$((($2 - kept_bytes) / (seconds > 0 ? seconds : 1)))
  ready="\"digest\":\"$1\",\"bytes\":$2,\"seconds\":$seconds,\"rate\":$rate,\"cached\":$3"
  event ready "$ready"
  successes="$successes{\"v\":1,\"model\":$model_json,$ready}$newline"
  termination_message "${successes%"$newline"}"
}

main() {
  if [ "${1-}" = credentials ]; then
    backoff_cap_ms=$(milliseconds "$backoff_cap")
    credentials_bridge
  fi
  umask 022
  set -u
  check_settings
  each_model check_model "$@"
  trap 'termination_message "ended by a signal; verified files stay for the next start (exit 143)"; leave 143' TERM INT HUP
  trap '[ -z "$state" ] || rm -rf "$state"' EXIT
  state=$(mktemp -d "${TMPDIR:-/tmp}/model-transfer.XXXXXX") || die 64 "settings: cannot write to ${TMPDIR:-/tmp}"
  start_pool
  fetch_prepare
  each_model transfer_model "$@"
  leave 0
}

main "$@"
