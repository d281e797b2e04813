# One list of files, fetched until every one of them is verified or the reason to give up is known. Runs in a worker.
# An adapter provides fetch_object, perhaps fetch_batch, and fetch_errors: what its messages mean.

# <file with the downloader's messages>: "<class> <message>", the most decisive of them; nothing where there is none.
decisive_error() {
  fetch_errors=$fetch_errors fetch_error_prefix=$fetch_error_prefix LC_ALL=C awk '
    BEGIN {
      ranks = split(ENVIRON["fetch_errors"], line, "\n")
      for (i = 1; i <= ranks; i++) { class[i] = line[i]; sub(/ .*/, "", class[i]); pattern[i] = line[i]; sub(/^[^ ]* /, "", pattern[i]) }
      best = ranks + 1
    }
    /[^ ]/ {
      text = $0
      sub(ENVIRON["fetch_error_prefix"], "", text) # names of objects are not to be taken for errors
      for (i = 1; i < best; i++) if (text ~ pattern[i]) { best = i; told = text; raw = $0; break }
      if (best > ranks) { told = text; raw = $0 }
    }
    END { if (told != "") { print (best > ranks ? "transient" : class[best]) " " substr(told, 1, 600); print raw } }' "$1"
}

# <list>: one attempt at its files, into $landing. Sets $class and $reason; both empty where the downloader was content.
attempt_fetch() {
  attempt_id=$((attempt_id + 1))
  [ ! -e "$scratch.stalled" ] || rm -f "$scratch.stalled"
  numbered_urls "$1" > "$scratch.urls"
  clock
  attempt_started=$now
  IFS=' ' read -r first_url first_file < "$scratch.urls" || :
  if [ "$(wc -l < "$1")" -gt 1 ]; then
    (cd "$landing" && fetch_batch "$scratch.urls") > /dev/null 2> "$scratch.errors" 3>&- &
  else
    IFS= read -r first_url < "$scratch.urls" # alone: the name may hold blanks
    first_file=${first_url##* } first_url=${first_url% *}
    (cd "$landing" && fetch_object "$first_url" "$first_file") > /dev/null 2> "$scratch.errors" 3>&- &
  fi
  attempt_pid=$!
  printf '%s %s\n' "$attempt_id" "$attempt_pid" > "$scratch.attempt"
  attempt_status=0
  wait "$attempt_pid" 2> /dev/null || attempt_status=$?
  : > "$scratch.attempt"
  class='' reason=''
  [ "$attempt_status" != 0 ] || return 0
  clock
  if [ -e "$scratch.stalled" ]; then
    rm -f "$scratch.stalled"
    class=stalled reason="no byte landed for $stall s"
  elif [ "$attempt_status" = 124 ] || [ "$((now - attempt_started))" -ge "$attempt_limit" ]; then
    class=stalled reason="not finished within $attempt_limit s"
  else
    told=$(decisive_error "$scratch.errors")
    class=${told%% *} reason=${told#* }
    [ -n "$told" ] || class=transient reason="the downloader ended with exit code $attempt_status and said nothing$([ "$attempt_status" != 137 ] || printf ' (killed: out of memory?)')"
  fi
}

# <list>: "URL file-name" lines; the n-th file lands as n.file, so that no published name ever meets a tool's options,
# and a downloader's leftovers are never taken for files.
numbered_urls() {
  url_number=0
  while IFS= read -r line; do
    url_number=$((url_number + 1))
    printf '%s%s %s.file\n' "$source" "${line#*  }" "$url_number"
  done < "$1"
}

# <class> <reason> <list>: ends the worker with what to do about it. The message names the object the error is about.
give_up() {
  blamed=''
  while IFS= read -r line; do
    [ -n "$blamed" ] || blamed=${line#*  }
    case $2 in *"$source${line#*  } "*) blamed=${line#*  } && break ;; esac
  done < "$3"
  said=${2%%"$newline"*}
  object=$source$blamed
  case $1 in
    space) fail 73 "$object: no space left on $destination: raise the volume's size ($said)" ;;
    missing | denied) fail_source 66 "$object: $fetch_missing ($said)" ;;
    archived) fail_source 66 "$object: in an archive tier: restore it and keep models out of archive tiers ($said)" ;;
    region) fail_source 64 "$object: the bucket is not in region $region: correct the region ($said)" ;;
    credentials) fail_source 77 "$object: credentials not accepted after $attempts attempts ($said)" ;;
    unreadable) fail 75 "$object: $said after $attempts attempts: check the volume at $destination" ;;
    stalled) fail_source 75 "$object: no progress after $attempts attempts ($said)" ;;
    *) fail_source 69 "$object: the source kept failing after $attempts attempts: $said" ;;
  esac
}

# <list> <what takes over what landed and leaves the rest in the list>
fetch_list() {
  left=$scratch.left
  cat "$1" > "$left"
  : > "$scratch.wrong-once"
  attempt=0
  while [ -s "$left" ]; do
    attempt=$((attempt + 1))
    rm -rf "$landing"
    mkdir -p "$landing"
    attempt_fetch "$left"
    "$2" "$left"
    [ -s "$left" ] || break
    [ -n "$class" ] || class=transient reason='the downloader reported success, but no file is there'
    case $class in space | missing | denied | archived | region) give_up "$class" "$reason" "$left" ;; esac
    [ "$attempt" -lt "$attempts" ] || give_up "$class" "$reason" "$left"
    IFS= read -r line < "$left"
    event retry "\"file\":$(json_string "${line#*  }"),\"attempt\":$attempt,\"reason\":$(json_string "$class: ${reason%%"$newline"*}")"
    back_off "$attempt"
  done
  rm -rf "$landing"
}
