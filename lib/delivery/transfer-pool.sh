# Several lists at once: workers, and the one loop that hears of them through a fifo, watches for stalls and tells
# the progress. Workers wait for their downloader itself, so that nothing polls while small files land.

# Starts what lives as long as the program: the fifo and its clock.
start_pool() {
  mkfifo "$state/events"
  exec 3<> "$state/events"
  (while sleep 1; do echo tick >&3; done) 2> /dev/null &
  pool=0
}

# <worker number> <folder of lists> <function>: takes lists until there are none. A list is claimed by creating a file.
work() {
  landing=$incoming/$1 scratch=$state/worker.$1 attempt_id=0
  for list in "$2"/*.list; do
    if [ ! -e "$list.claimed" ] && (set -C && : > "$list.claimed") 2> /dev/null; then "$3" "$list"; fi
  done
}

# <folder of lists> <function>: returns when every list is done, and fails when the source was left. Any other failure
# ends the program.
run_lists() {
  worker_pids='' running=0
  pool=$((pool + 1)) # a worker that was ended may have spoken before
  rm -f "$state"/worker.*
  while [ "$running" -lt "$jobs" ] && [ -e "$1/$((running + 1)).list" ]; do
    running=$((running + 1))
    # The outer shell reports even a worker that was killed.
    (
      worker_status=0
      (work "$running" "$1" "$2") || worker_status=$?
      echo "end.$pool $worker_status" >&3
    ) &
    worker_pids="$worker_pids $!"
  done
  while [ "$running" -gt 0 ]; do
    IFS=' ' read -r heard about <&3 || continue
    case $heard in
      tick) watch_attempts && tell_progress ;;
      landed)
        landed_bytes=$((landed_bytes + about))
        [ "$landed_bytes" -le "$max_bytes" ] || die 65 "more than the declared $max_bytes bytes landed: raise the declared size of the model"
        ;;
      "end.$pool")
        running=$((running - 1))
        [ "$about" = 0 ] || worker_failed "$about" || return 1
        ;;
    esac
  done
}

# <exit code of a worker>
worker_failed() {
  [ -s "$state/failure" ] || die 70 "a worker ended unexpectedly with exit code $1"
  IFS=' ' read -r whose code failure < "$state/failure"
  [ "$whose" = source ] || die "$code" "$failure"
  end_workers
  leave_source "$code" "$failure"
  return 1
}

end_workers() {
  {
    # shellcheck disable=SC2086 # a list of pids
    kill_tree $worker_pids
    # shellcheck disable=SC2086
    wait $worker_pids
  } 2> /dev/null || : # some shells tell of every child that was killed
  rm -rf "$state/failure" "$incoming"
  mkdir -p "$incoming"
}

# Ends every attempt whose folder gained nothing for $stall seconds. What counts is what is allocated: parts land out
# of order in a file that has its full length from the start.
watch_attempts() {
  clock
  landing_kilobytes=0
  for attempt_file in "$state"/worker.*.attempt; do
    [ -s "$attempt_file" ] || continue # between two attempts it is empty
    seen_id=''
    IFS=' ' read -r id pid < "$attempt_file" || continue
    watched=${attempt_file#"$state/worker."}
    kilobytes=$(du -sk "$incoming/${watched%.attempt}" 2> /dev/null) || continue
    kilobytes=${kilobytes%%[!0-9]*}
    landing_kilobytes=$((landing_kilobytes + kilobytes))
    [ ! -e "$attempt_file.seen" ] || IFS=' ' read -r seen_id seen_kilobytes seen_at < "$attempt_file.seen" || :
    if [ "$seen_id" != "$id" ] || [ "$seen_kilobytes" != "$kilobytes" ]; then
      printf '%s %s %s\n' "$id" "$kilobytes" "$now" > "$attempt_file.seen"
    elif [ "$((now - seen_at))" -ge "$stall" ]; then
      : > "${attempt_file%.attempt}.stalled"
      kill_tree "$pid"
    fi
  done
}

# At most every $progress seconds, and only while the size of the whole is known.
tell_progress() {
  [ "$total_bytes" -gt 0 ] && [ "$((now - told_at))" -ge "$progress" ] || return 0
  told_at=$now
  bytes=$((landed_bytes + landing_kilobytes * 1024))
  [ "$bytes" -le "$total_bytes" ] || bytes=$total_bytes
  rate=0 eta=null
  [ "$now" -le "$started" ] || rate=$(((bytes - kept_bytes) / (now - started)))
  [ "$rate" -le 0 ] || eta=$(((total_bytes - bytes) / rate))
  [ "$rate" -ge 0 ] || rate=0
  event progress "\"bytes\":$bytes,\"totalBytes\":$total_bytes,\"rate\":$rate,\"eta\":$eta"
}

# <manifest lines> <files> <folder>: divides them into lists. Big files go alone, so that they share the workers;
# thousands of small ones go in batches, because a process for each costs more than its bytes. The manifest tells no
# sizes, so the mean decides. A batch takes only names that need no quotes anywhere.
divide() {
  mkdir -p "$3"
  rm -f "$3"/*
  batch=$fetch_batch_limit
  if [ "$2" -gt 0 ]; then
    by_size=$((268435456 * $2 / (total_bytes + 1) + 1)) by_jobs=$((($2 + jobs - 1) / jobs))
    [ "$batch" -le "$by_size" ] || batch=$by_size
    [ "$batch" -le "$by_jobs" ] || batch=$by_jobs
  fi
  case $source in *[!A-Za-z0-9._/=@+:-]*) batch=1 ;; esac
  LC_ALL=C awk -v folder="$3" -v batch="$batch" '
    function list(n) { return folder "/" n ".list" }
    {
      if (substr($0, 67) ~ /[^A-Za-z0-9._\/=@+-]/) { print > list(++lists); close(list(lists)); next }
      if (open == 0 || held == batch) { if (open) close(list(open)); open = ++lists; held = 0 }
      print > list(open); held++
    }' "$1"
}
